package questions_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// page is a fault of pages of a list, and not of the connector's own check of the
// permissions.
func page(path string, f privxsim.Fault) privxsim.Fault {
	f.Path, f.MinLimit = path, 2
	return f
}

// showing is a fault that shows something in place of a page.
func showing(path, body string) privxsim.Fault {
	return page(path, privxsim.Fault{Status: http.StatusOK, Body: body})
}

// noUsers is a fault of all pages of users.
var noUsers = page(doctortest.SearchPath, privxsim.Fault{Status: http.StatusBadGateway})

// usersWith is a PrivX one of whose users has a field more.
func usersWith(field string) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		store := privxsim.Seed(privxsim.SeedOptions{Users: 3, Roles: 2})
		store.AddUser(privxsim.User{Principal: "other", Extra: map[string]json.RawMessage{field: json.RawMessage("true")}})
		return doctortest.NewSite(t, store, privxsim.Options{}).Given(t)
	}
}

// removedDirectory is a PrivX whose last directory was removed, and its users not.
func removedDirectory(t *testing.T) doctor.Given {
	t.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 2})
	sources := store.Sources()
	store.RemoveSource(sources[len(sources)-1].ID)
	return doctortest.NewSite(t, store, privxsim.Options{}).Given(t)
}

// mayNotSeeSources is a connector whose API client lacks a permission.
func mayNotSeeSources(given *doctor.Given) {
	given.Config.ApiClientId, given.Config.ApiClientSecret = privxsim.SyncOnlyAPIClientID, privxsim.SyncOnlyAPIClientSecret
}

// differentIDs is a PrivX in which no id is seen twice.
var differentIDs = with(privxsim.Options{},
	showing(doctortest.SearchPath, `{"count":1,"items":[{"id":"5D9C6f2e-8a41-4c0b-9e37-2f1b7a6c4d11"}]}`),
	showing(doctortest.RolesPath, `{"count":1,"items":[{"id":"5D9C6f2e-8a41-4c0b-9e37-2f1b7a6c4d12"}]}`),
	privxsim.Fault{Path: doctortest.SourcesPath, Status: http.StatusForbidden},
	privxsim.Fault{Path: membersOfRoles, Status: http.StatusForbidden},
	privxsim.Fault{Path: userRolesPath, Status: http.StatusForbidden},
)

const membersOfRoles = "/role-store/api/v1/roles/*/members"

var directoryCases = []doctortest.Case{
	onSide("PXQ-060", "", "a", configured(with(privxsim.Options{}), mayNotSeeSources)),
	onSide("PXQ-060", "empty", "b", with(privxsim.Options{}, privxsim.Fault{Path: doctortest.SourcesPath, Kind: privxsim.FaultEmptyList})),
	finding("The API client was shown 6 of them.", onSide("PXQ-060", "not-seen", "", with(privxsim.Options{}))),
	onSide("PXQ-060", "unanswered", "", failing(http.StatusBadGateway, doctortest.SourcesPath)),
	onSide("PXQ-060", "unanswered", "", with(privxsim.Options{}, privxsim.Fault{Path: doctortest.SourcesPath, Kind: privxsim.FaultNull})),

	finding("That is the field x_future_user.", onSide("PXQ-061", "", "a", with(privxsim.Options{}))),
	finding("the field accountLocked", onSide("PXQ-061", "unknown-state", "b", usersWith("accountLocked"))),
	finding("1 field", onSide("PXQ-061", "unknown-state", "b", usersWith("is disabled?"))),
	onSide("PXQ-061", "not-seen", "", with(privxsim.Options{}, showing(doctortest.SearchPath, `{"count":3,"items":[null,1,"a"]}`))),
	onSide("PXQ-061", "unanswered", "", with(privxsim.Options{}, noUsers)),

	onSide("PXQ-062", "", "a", removedDirectory),
	onSide("PXQ-062", "not-seen", "", with(privxsim.Options{})),
	onSide("PXQ-062", "not-seen", "", failing(http.StatusForbidden, doctortest.SourcesPath)),
	onSide("PXQ-062", "unanswered", "", with(privxsim.Options{}, noUsers)),

	onSide("PXQ-063", "", "a", with(privxsim.Options{})),
	onSide("PXQ-063", "", "b", with(privxsim.Options{}, privxsim.Fault{
		Path: doctortest.SourcesPath, Status: http.StatusOK,
		Body: `{"items":[{"id":"5D9C6F2E-8A41-4C0B-9E37-2F1B7A6C4D10"}]}`, // The API client, as if it were a directory.
	})),
	onSide("PXQ-063", "not-seen", "", differentIDs),
	onSide("PXQ-063", "unanswered", "", with(privxsim.Options{}, noUsers)),
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-060", "PXQ-061", "PXQ-062", "PXQ-063"), directoryCases)
}

package tenant_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

const (
	membersPath   = doctortest.RolesPath + "/*/members"
	userRolesPath = "/role-store/api/v1/users/*/roles"
)

// under are the layers under test, and layers what they need besides.
func under() []doctor.Layer { return append([]doctor.Layer{tenant.Permissions()}, tenant.Layers()...) }

func layers() []doctor.Layer { return append(connection.Layers(), under()...) }

// arrangement is what makes a case.
type arrangement func(t *testing.T) doctor.Given

// with is a small tenant with faults.
func with(faults ...privxsim.Fault) arrangement { return like(privxsim.Options{}, faults...) }

// like is a small tenant of a PrivX with some manners, and with faults.
func like(options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return of(nil, options, faults...)
}

// of is a tenant of some size.
func of(size *privxsim.SeedOptions, options privxsim.Options, faults ...privxsim.Fault) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		var store *privxsim.Store
		if size != nil {
			store = privxsim.Seed(*size)
		}
		site := doctortest.NewSite(t, store, options)
		for _, fault := range faults {
			site.Sim.Inject(fault)
		}
		return site.Given(t)
	}
}

// changed is an arrangement with other settings.
func changed(a arrangement, change func(*doctor.Given)) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		given := a(t)
		change(&given)
		return given
	}
}

// pageOf makes a case with a page size.
func pageOf(n int) func(*doctor.Given) { return func(g *doctor.Given) { g.Config.PageSize = n } }

func provisioning(g *doctor.Given) { g.Provisioning = true }

// syncOnly makes the connector another API client, which may only read users and roles.
func syncOnly(g *doctor.Given) {
	g.Config.ApiClientId, g.Config.ApiClientSecret = privxsim.SyncOnlyAPIClientID, privxsim.SyncOnlyAPIClientSecret
}

// method is that of a path's requests.
func method(path string) string {
	if path == doctortest.SearchPath || path == doctortest.SecretSearchPath {
		return http.MethodPost
	}
	return http.MethodGet
}

// answered is a fault that has requests for at least so many rows answered with a list.
func answered(path string, atLeast int, count string, rows ...string) privxsim.Fault {
	return privxsim.Fault{
		Method: method(path), Path: path, MinLimit: atLeast, Status: http.StatusOK,
		Body: `{"count":` + count + `,"items":[` + strings.Join(rows, ",") + `]}`,
	}
}

// refused is a fault that lets the connector's own check through, and nothing else.
func refused(path string, status int) privxsim.Fault {
	return privxsim.Fault{Method: method(path), Path: path, MinLimit: 2, Status: status}
}

// kind is a fault of a kind that lets the connector's own check through.
func kind(path string, kind privxsim.FaultKind) privxsim.Fault {
	return privxsim.Fault{Method: method(path), Path: path, MinLimit: 2, Kind: kind}
}

package questions

import (
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// vaultManage shows all secrets.
const vaultManage = "vault-manage"

func sightOfSecrets(l *look) answer {
	rows := l.targets(reach.Secret)
	if rows.Status == http.StatusForbidden && !isPage(rows.Answer) {
		return on("c", "The answer was 403.")
	}
	if !rows.Good() {
		return unanswered(rows.Err)
	}
	own := tenant.OwnPermissions(l.ctx, l.visit)
	if own.May(vaultManage) || !own.IsWhole() {
		return unseen("%s came.", number(len(rows.Items), "secret"))
	}
	holds := func(ref privx.RoleRef) bool {
		return slices.ContainsFunc(own.Roles, func(role tenant.OwnRole) bool { return privx.SameID(role.ID, ref.ID) })
	}
	others := 0
	for _, secret := range decode[targetRow](rows.Items) {
		// A personal secret is nobody's whom it is not shared with: see PXQ-083.
		if secret.Name != "" && secret.OwnerID == "" && !slices.ContainsFunc(secret.references(), holds) {
			others++
		}
	}
	if others == 0 {
		return unseen("%s came that the API client may read or write.", number(len(rows.Items), "secret"))
	}
	return on(assumed, "%d of %s %s none of the API client's.", others, number(len(rows.Items), "secret"), verb(others)).with("secrets", float64(others))
}

func personalSecrets(l *look) answer {
	rows := l.targets(reach.Secret)
	if !rows.Good() {
		return unanswered(rows.Err)
	}
	own := tenant.OwnPermissions(l.ctx, l.visit)
	if own.May(vaultManage) || !own.IsWhole() {
		return unseen("%s came.", number(len(rows.Items), "secret"))
	}
	_, self, _ := l.current()
	personal := 0
	for _, secret := range decode[targetRow](rows.Items) {
		if secret.OwnerID != "" && !privx.SameID(secret.OwnerID, self) && !privx.SameID(secret.OwnerID, l.visit.Client.API().Principal()) {
			personal++
		}
	}
	if personal == 0 {
		return unseen("%s came.", number(len(rows.Items), "shared secret"))
	}
	return on(assumed, "%d of %s %s of others.", personal, number(len(rows.Items), "secret"), verb(personal)).with("secrets", float64(personal))
}

func pagingOfSecrets(l *look) answer {
	all := l.targets(reach.Secret)
	switch {
	case !all.Good():
		return unanswered(all.Err)
	case len(all.Items) < 2:
		return unseen("%s came.", number(len(all.Items), "secret"))
	}
	rows := l.get(ask.SecretRowsOfTwo(ask.Part{Limit: 1}, ask.Part{Limit: 2}))
	switch {
	case rows.Status == http.StatusBadRequest:
		return on(doctor.Otherwise, "Two different limits were refused with 400.")
	case !rows.Good():
		return unanswered(rows.Err)
	case len(rows.Items) == 1:
		return on(assumed, "1 secret came.")
	case len(rows.Items) == 2:
		return on("b", "2 secrets came.")
	default:
		return on(doctor.Otherwise, "%s came.", number(len(rows.Items), "secret"))
	}
}

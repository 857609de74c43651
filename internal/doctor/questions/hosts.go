package questions

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// hostsView shows hosts.
const hostsView = "hosts-view"

func ungroupedRoles(l *look) answer {
	rows := l.targets(reach.Host)
	if !rows.Good() {
		return unanswered(rows.Err)
	}
	own := tenant.OwnPermissions(l.ctx, l.visit)
	ungrouped := 0
	for _, role := range own.Roles {
		switch {
		case !slices.Contains(role.Permissions, hostsView):
		case role.Group == nil || *role.Group != "":
			return unseen("A role of the API client is in an access group, or PrivX does not say whether it is.")
		default:
			ungrouped++
		}
	}
	groups := make(map[string]bool)
	for _, host := range decode[targetRow](rows.Items) {
		if host.Group != "" {
			groups[privx.CanonicalID(host.Group)] = true
		}
	}
	if ungrouped == 0 || !own.IsWhole() || own.IsAdmin() || len(groups) < 2 {
		return unseen("%s of %s came.", number(len(rows.Items), "host"), number(len(groups), "access group"))
	}
	return on(assumed, "%s of %s came.", number(len(rows.Items), "host"), number(len(groups), "access group")).with("groups", float64(len(groups)))
}

func sortKeyOfTargets(l *look) answer {
	sorted, refused := 0, 0
	for _, list := range []struct {
		setting string
		kind    reach.Kind
		part    func(ask.Part) *api.Request
	}{{syncHosts, reach.Host, ask.HostRows}, {syncAPITargets, reach.APITarget, ask.APITargetRows}} {
		if !l.asksFor(list.setting) {
			continue
		}
		rows := l.targets(list.kind)
		switch {
		case rows.Good():
			sorted++
		case rows.Status != http.StatusBadRequest:
			return unanswered(rows.Err)
		case l.get(list.part(ask.Part{Limit: api.MinPageSize, Unsorted: true})).Good():
			refused++
		default:
			return unanswered(rows.Err)
		}
	}
	if refused > 0 {
		return on("b", "%d of %s %s refused.", refused, number(sorted+refused, "list"), verb(refused))
	}
	return on(assumed, "%s came.", number(sorted, "list"))
}

// hostAccounts are the accounts of a host. Nil is a field that is not there.
type hostAccounts struct {
	ID         string           `json:"id"`
	Principals *json.RawMessage `json:"principals"`
}

// accounts is how many accounts a host shows, and whether it shows any field of them.
func (h hostAccounts) accounts() (int, bool) {
	if h.Principals == nil {
		return 0, false
	}
	var accounts []json.RawMessage
	err := json.Unmarshal(*h.Principals, &accounts)
	return len(accounts), err == nil
}

func accountsInSearch(l *look) answer {
	rows := l.targets(reach.Host)
	if !rows.Good() {
		return unanswered(rows.Err)
	}
	shown, without, most := "", 0, -1
	for _, item := range rows.Items {
		// A pointer to a field that is null is nil, so that null is looked for apart.
		host := hostAccounts{}
		if json.Unmarshal(item, &host) != nil || host.ID == "" {
			continue
		}
		n, told := host.accounts()
		switch {
		case !told && !hasField(item, "principals"):
			without++
		case n > most:
			shown, most = host.ID, n
		}
	}
	switch {
	case without > 0:
		return on("b", "%d of %s %s without.", without, number(len(rows.Items), "host"), verb(without)).with("hosts", float64(without))
	case most < 0:
		return unseen("No host came.")
	}
	return l.compareAccounts(shown, most)
}

// hasField tells whether an object has a field, be it null.
func hasField(item json.RawMessage, name string) bool {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(item, &fields)
	_, has := fields[name]
	return has
}

// compareAccounts reads a host by its id, of which the search has shown so many accounts.
func (l *look) compareAccounts(id string, shown int) answer {
	alone := l.visit.Ask.Get(l.ctx, privx.Endpoints.Host.Request(id))
	var host hostAccounts
	switch {
	case !alone.Good():
		return unanswered(alone.Err)
	case json.Unmarshal(alone.Body, &host) != nil || !privx.SameID(host.ID, id):
		return unanswered(errNoHost)
	}
	if n, _ := host.accounts(); n != shown {
		return on(doctor.Otherwise, "The search showed %s of a host that has %d.", number(shown, "account"), n)
	}
	return on(assumed, "The search showed all of %s of a host.", number(shown, "account")).with("accounts", float64(shown))
}

func searchWithoutPermission(l *look) answer {
	rq := privx.Endpoints.Hosts.Request()
	rq.Query = api.FirstRows(1)
	may := l.get(rq)
	switch {
	case may.Good():
		return unseen("The API client may list hosts.")
	case may.Status != http.StatusForbidden || isPage(may.Answer):
		return unanswered(may.Err)
	}
	found := l.targets(reach.Host)
	switch {
	case found.Good():
		return on(assumed, "It showed %s.", number(len(found.Items), "host")).with("hosts", float64(len(found.Items)))
	case found.Status == http.StatusForbidden:
		return on("b", "The answer was 403.")
	default:
		return unanswered(found.Err)
	}
}

package faultmatrix

// troubles are the rows of the page's tables: each fault is in one.
func troubles() []trouble {
	return []trouble{
		{"**PrivX is busy or cannot be reached**: it answers with 408, 429 or 500 to 504, with `Retry-After` or without, resets or closes the connection, or does not answer", []string{
			"408", "429", "429, Retry-After 5 s", "429, Retry-After 1 h", "500", "500, Retry-After 5 s", "502 with a page in HTML",
			"503", "503, Retry-After 5 s", "503, Retry-After 1 h", "503 without a body", "504",
			"connection reset before the request was read", "no answer at all",
			"500, though done", "connection reset, though done", "connection closed in the middle of the answer",
		}},
		{"**It is slow**: an answer takes 20 seconds", []string{"slow: 20 s until the answer begins", "slow: 20 s in the middle of the answer"}},
		{"**The credentials are refused**: it answers with 401", []string{"401"}},
		{"**The token is revoked** before the request arrives", []string{"the token is revoked"}},
		{"**Permissions are taken away** from the API client", []string{"all permissions are lost"}},
		{"**It forbids a request**: it answers with 403", []string{"403", "403, Retry-After 5 s", "403 without a body"}},
		{"**It refuses a request** as wrong: it answers with 400", []string{"400", "400 without a body"}},
		{"**It does not know** what is asked for: it answers with 404, and says why", []string{"404"}},
		{"**Something else answers in its place**: a page in HTML, a redirect to a login, a 404 that is not PrivX's", []string{
			"404 without a body", "400 with a page in HTML", "403 with a page in HTML", "404 with a page in HTML",
			"200 with a page in HTML", "302 to a login page", "JSON that is called HTML",
		}},
		{"**It refuses a request otherwise**: it answers with another status from 400 to 499", []string{"418"}},
		{"**A status that its API does not have**: 304, 409, 501 or 700", []string{"304", "409", "501", "a status that there is not: 700"}},
		{"**An answer that cannot be read**: empty, cut, without end, or not the JSON of PrivX's API", []string{
			"204", "empty answer", "null", "JSON of something else", "garbage in place of JSON", "garbage behind the JSON",
			"half an answer that looks whole", "an answer without end", "JSON nested 100,000 deep",
		}},
		{"**An answer that is right, but odd**: without a date or a type, with equal rows in another order, or too long to be read when it has more than 500 rows", []string{
			"an answer without a date", "JSON that is called text", "JSON without a type",
			"equal rows in another order", "an answer without end, to more than 500 rows",
		}},
		{"**A list is shown empty** that is not", []string{"an empty list", "a list whose items are null"}},
		{"**A list is cut short**: it shows ten rows of more, and says that there are ten", []string{"a count of the page's rows"}},
		{"**A list does not go on**: it shows the same page again and again", []string{"the same page again and again"}},
		{"**A list changes while it is read**: a row goes, and another comes", []string{"a row goes and another comes before the page"}},
		{"**A node lags behind** and shows the roles that a user had before", []string{"a node that lags behind"}},
		{"**A change is dropped**: PrivX answers that it is made, and does not make it", []string{"answered as done, and not done"}},
	}
}

// chapters are the page's tables: each call is in one.
func chapters() []chapter {
	return []chapter{
		{"syncs", []string{"sync", "targeted sync"}, []moment{
			{words: "while it logs in", calls: []string{"sync/first token", "sync/first token (client secret)", "sync/later token", "targeted sync/token"}},
			{words: "while it checks its permissions", calls: []string{"sync/check: users", "sync/check: roles", "targeted sync/check: users", "targeted sync/check: roles"}},
			{words: "on the first page of a list of users or roles", calls: []string{"sync/users", "sync/roles"}},
			{words: "on a later page", calls: []string{"sync/users, page 2", "sync/roles, page 2", "sync/members, page 2"}},
			{words: "on the first page of a role's members", calls: []string{
				"sync/members of a role", "sync/a role without members, again", "targeted sync/its members", "targeted sync/no members, again"}},
			{words: "while it reads the roles of one member", calls: []string{"sync/roles of a member"}},
			{words: "while it looks for a member who was not listed", calls: []string{"sync/members that were not listed"}},
			{words: "while it reads the sources", calls: []string{"sync/sources", "targeted sync/sources"}},
			{words: "while it asks whether a role is still there", calls: []string{"sync/a role that was deleted"}},
			{words: "while it reads the one user or role of a targeted sync", calls: []string{"targeted sync/user", "targeted sync/role"}},
		}, []moment{
			{words: "while it logs out", calls: []string{"sync/logout"}},
		}},
		{"syncs of what roles reach", []string{"sync of what roles reach", "targeted sync of what roles reach"}, []moment{
			{words: "while it checks its permissions", calls: []string{
				"sync of what roles reach/checks", "sync of what roles reach/check: AWS roles", "sync of what roles reach/may hosts be listed?"}},
			{words: "on the first page of a list of targets", calls: []string{
				"sync of what roles reach/hosts, secrets, network targets, API targets", "sync of what roles reach/AWS roles", "sync of what roles reach/no AWS roles, again",
				"targeted sync of what roles reach/what else roles reach", "targeted sync of what roles reach/AWS roles that roles reach"}},
			{words: "on a later page", calls: []string{"sync of what roles reach/page 2 of them"}},
			{words: "while it reads a host that was deleted meanwhile", calls: []string{"sync of what roles reach/a host that was deleted"}},
			{words: "while it reads the access groups", calls: []string{"sync of what roles reach/access groups", "targeted sync of what roles reach/access groups"}},
			{words: "while it reads the one target of a targeted sync", calls: []string{
				"targeted sync of what roles reach/host, network target, API target, AWS role", "targeted sync of what roles reach/secret"}},
			{words: "while it reads which roles there are", calls: []string{"targeted sync of what roles reach/roles"}},
			{words: "while it counts the members of a role", calls: []string{"targeted sync of what roles reach/number of a role's members"}},
		}, nil},
		{"grants and revokes", []string{"grant", "revoke"}, []moment{
			{words: "while it logs in", calls: []string{"grant/token", "revoke/token"}},
			{words: "while it asks who the API client is", calls: []string{"grant/who am I", "revoke/who am I"}},
			{words: "while it asks who the API client is, with an OAuth client's credentials alone", calls: []string{
				"grant/who am I (OAuth client alone)", "revoke/who am I (OAuth client alone)"}},
			{words: "while it reads the user's roles", calls: []string{"grant/read", "revoke/read",
				"grant/an empty list, again", "grant/the user's own record", "grant/an empty list, for the third time"}},
			{words: "while it writes the change", calls: []string{"grant/write", "revoke/write"}},
			{words: "while it verifies the change", made: true, calls: []string{"grant/verifying read", "revoke/verifying read",
				"revoke/an empty list, again", "revoke/the user's own record", "revoke/an empty list, for the third time"}},
			{words: "while it asks whether the role or the user is still there", made: true, calls: []string{"revoke/is the role everybody's?", "revoke/is the user gone?"}},
		}, []moment{
			{words: "while it asks why PrivX has refused a change", calls: []string{"grant/is PrivX being upgraded?", "revoke/is PrivX being upgraded?", "grant/is there such a role?"}},
			{words: "while it asks which mapping rules keep a role that was revoked", calls: []string{"revoke/which rules keep it?"}},
		}},
	}
}

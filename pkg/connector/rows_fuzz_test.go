package connector_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// long is a text that is above all limits.
var long = strings.Repeat("é", 1500)

// shape is the fields that may be read of an object; nil is all of a value.
type shape map[string]shape

var (
	entryShape = shape{
		"id": nil, "name": nil, "explicit": nil, "implicit": nil, "grant_type": nil, "grant_start": nil, "grant_end": nil, "floating_length": nil,
		"grant_validity_periods": {"grant_start": nil, "grant_end": nil},
	}
	userShape = shape{"items": {
		"id": nil, "principal": nil, "source": nil, "source_type": nil, "full_name": nil, "first_name": nil, "last_name": nil, "given_name": nil,
		"email": nil, "department": nil, "job_title": nil, "company": nil, "samaccountname": nil, "created": nil, "mfa": {"status": nil},
	}}
	memberShape = shape{"items": {"id": nil, "roles": entryShape}}
	roleShape   = shape{"items": {
		"id": nil, "name": nil, "comment": nil, "system": nil, "permissions": nil, "access_group_id": nil, "member_count": nil, "created": nil,
		"context": {
			"enabled": nil, "block_role": nil, "validity": nil, "start_time": nil, "end_time": nil, "timezone": nil, "ip_masks": nil,
		},
		"source_rules": ruleShape(20),
	}}
	sourceShape = shape{"items": {"id": nil, "name": nil, "enabled": nil}}
)

func ruleShape(depth int) shape {
	if depth == 0 {
		return nil
	}
	return shape{"type": nil, "match": nil, "source": nil, "search_string": nil, "rules": ruleShape(depth - 1)}
}

// of leaves out of a document what is not in the shape. What is no JSON stays as
// it is.
func (s shape) of(text string) string {
	if !json.Valid([]byte(text)) {
		return text
	}
	return string(s.only([]byte(text)))
}

// only leaves out of JSON what is not in the shape. It keeps the order and what
// comes twice, which decides about what is read.
func (s shape) only(text json.RawMessage) json.RawMessage {
	text = bytes.TrimSpace(text)
	if s == nil || len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return text
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, _ = decoder.Token()
	var parts [][]byte
	for decoder.More() {
		if text[0] == '[' {
			parts = append(parts, s.only(next(decoder)))
			continue
		}
		key, _ := decoder.Token()
		name, _ := key.(string)
		value := next(decoder)
		for field, inner := range s {
			if strings.EqualFold(field, name) {
				quoted, _ := json.Marshal(name)
				parts = append(parts, append(append(quoted, ':'), inner.only(value)...))
			}
		}
	}
	kept := append([]byte{text[0]}, bytes.Join(parts, []byte(","))...)
	return append(kept, text[len(text)-1])
}

func next(decoder *json.Decoder) json.RawMessage {
	var value json.RawMessage
	_ = decoder.Decode(&value)
	return value
}

// itemsOf reads the rows of a list as the client does; nothing if it would refuse
// the list.
func itemsOf[T any](body string, id func(T) string) []T {
	var list struct {
		Items []T `json:"items"`
	}
	if json.Unmarshal([]byte(body), &list) != nil {
		return nil
	}
	for _, item := range list.Items {
		// Nobody has a longer id, and the SDK says so.
		if len(id(item)) < 1 || len(id(item)) > 1024 {
			return nil
		}
	}
	return list.Items
}

func usersOf(body string) []privx.User {
	return itemsOf(body, func(u privx.User) string { return u.ID })
}

func membersOf(body string) []privx.Member {
	return itemsOf(body, func(m privx.Member) string { return m.ID })
}

func rolesOf(body string) []privx.Role {
	return itemsOf(body, func(r privx.Role) string { return r.ID })
}

func directoriesOf(body string) connector.Directories {
	byID := make(connector.Directories)
	for _, source := range itemsOf(body, func(s privx.Source) string { return s.ID }) {
		byID[source.ID] = source
	}
	return byID
}

// requireRow checks that baton-sdk takes a row, and that whoever reads it can.
func requireRow(t *testing.T, row interface {
	proto.Message
	ValidateAll() error
}) {
	t.Helper()
	require.NoError(t, row.ValidateAll())
	_, err := proto.Marshal(row)
	require.NoError(t, err)
	_, err = protojson.Marshal(row)
	require.NoError(t, err)
}

// requireResource checks a user or a role.
func requireResource(t *testing.T, row *v2.Resource, kind, id string, keys ...string) {
	t.Helper()
	requireRow(t, row)
	require.Equal(t, kind, row.GetId().GetResourceType())
	require.Equal(t, id, row.GetId().GetResource())
	if strings.TrimSpace(id) != "" {
		require.NotEmpty(t, strings.TrimSpace(row.GetDisplayName()), "a name that is blank")
	}
	require.LessOrEqual(t, len(row.GetDisplayName()), connector.MaxDisplayName)
	require.LessOrEqual(t, len(row.GetDescription()), connector.MaxDescription)
	for key, value := range row.GetProfile().GetFields() {
		require.Contains(t, keys, key, "not in the allow-list")
		require.LessOrEqual(t, len(value.GetStringValue()), connector.MaxProfileText, key)
	}
}

// Of whatever PrivX says of a user, a row is made of what may be read and of
// nothing else.
func FuzzUserRows(f *testing.F) {
	const sources = `{"items":[{"id":"s","name":"AD <1>","enabled":false,"connection":{"password":"x"}},{"id":"t","enabled":null}]}`
	for i, body := range append(answers(f),
		`{"items":[{"id":"u","principal":"p","source":"s","full_name":" ","email":"not an address","created":"2024-07-08T16:58:49.468196Z",`+
			`"password":"x","settings":"x","authorized_keys":[{"key":"x"}],"webauthn_credentials":[{}],"mfa":{"status":"ENABLED","seed":{"x":"y"}},"windows_sid":"S-1","permissions":["x"]}]}`,
		`{"items":[{"id":"u","created":"0000-01-01T00:00:00Z"},{"id":"v","created":"9999-12-31T23:59:59-23:59"},{"id":"w","created":"0001-01-01T00:00:00+23:59"}]}`,
		`{"items":[{"id":"u","full_name":"`+long+`","department":"`+long+`"},{"id":"v","principal":"`+long+`"}]}`,
		`{"items":[{"ID":"u","Principal":"p","id":"v","first_name":"\u0000","last_name":"\ud800"}]}`,
	) {
		f.Add(body, sources, []byte{})
		f.Add(body, sources, []byte{byte(i), byte(5 * i), byte(7 * i), byte(i + 3)})
	}
	f.Fuzz(func(t *testing.T, text, sources string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		allowed := usersOf(userShape.of(body))
		directories, named := directoriesOf(sources), directoriesOf(sourceShape.of(sources))
		for i, user := range usersOf(body) {
			row, err := connector.UserResource(user, directories)
			require.NoError(t, err)
			requireResource(t, row, "user", user.ID,
				"id", "full_name", "principal", "source_id", "source_name", "source_type", "department", "title", "company")
			same, err := connector.UserResource(allowed[i], named)
			require.NoError(t, err)
			require.True(t, proto.Equal(row, same), "what may not be read has a say:\n%v\n%v", row, same)
		}
	})
}

// The same for roles, and for what can be held of them.
func FuzzRoleRows(f *testing.F) {
	const sources = `{"items":[{"id":"s","name":"AD"}]}`
	deep := strings.Repeat(`{"type":"GROUP","match":"ALL","rules":[`, 20) + `{"type":"RULE","source":"s","search_string":"(x=y)"}` + strings.Repeat(`]}`, 20)
	for i, body := range append(answers(f),
		`{"items":[{"id":"r","name":"privx-user","system":true,"principal_public_key_strings":["x"],"permissions":null,"context":null,"source_rules":null}]}`,
		`{"items":[{"id":"r","name":"","comment":"c","permissions":["a","b"],`+
			`"context":{"enabled":true,"block_role":true,"validity":["MON"],"start_time":"08:00","end_time":"17:00","timezone":"UTC","ip_masks":["10.1.2.3/32"]}}]}`,
		`{"items":[{"id":"r","name":"`+long+`","comment":"`+long+`","source_rules":{"search_string":"`+long+`"}}]}`,
		`{"items":[{"id":"r","created":"0000-01-01T00:00:00Z","source_rules":`+deep+`}]}`,
	) {
		f.Add(body, sources, []byte{})
		f.Add(body, sources, []byte{byte(i), byte(5 * i), byte(7 * i), byte(i + 3)})
	}
	f.Fuzz(func(t *testing.T, text, sources string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		allowed := rolesOf(roleShape.of(body))
		directories := directoriesOf(sources)
		for i, role := range rolesOf(body) {
			row, err := connector.RoleResource(role, directories)
			require.NoError(t, err)
			requireResource(t, row, "role", role.ID,
				"name", "system", "comment", "permissions", "access_group_id", "context", "mapping_rules")
			same, err := connector.RoleResource(hideAddresses(allowed[i]), directories)
			require.NoError(t, err)
			require.True(t, proto.Equal(row, same), "what may not be read has a say:\n%v\n%v", row, same)
			requireEntitlement(t, row)
		}
	})
}

// hideAddresses gives a role other addresses that it can be used from.
func hideAddresses(role privx.Role) privx.Role {
	if role.Context == nil {
		return role
	}
	for i, mask := range role.Context.IPMasks {
		if mask != "0.0.0.0/0" && mask != "::/0" {
			role.Context.IPMasks[i] = "hidden"
		}
	}
	return role
}

func requireEntitlement(t *testing.T, role *v2.Resource) {
	t.Helper()
	entitlements, err := connector.EntitlementsOf(t.Context(), role)
	require.NoError(t, err)
	require.Len(t, entitlements, 1)
	requireRow(t, entitlements[0])
	require.Equal(t, "role:"+role.GetId().GetResource()+":assigned", entitlements[0].GetId())
	require.LessOrEqual(t, len(entitlements[0].GetDisplayName()), connector.MaxDisplayName)
	require.LessOrEqual(t, len(entitlements[0].GetDescription()), connector.MaxDescription)
}

// However PrivX says that a role is held: there is a grant, and only one that
// nothing but mapping rules can end is immutable.
func FuzzGrantRows(f *testing.F) {
	roles := []string{
		`{"items":[{"id":"r","name":"role","source_rules":{"type":"RULE","source":"s","search_string":"x"}}]}`,
		`{"items":[{"id":"r","name":"privx-user","system":true}]}`,
	}
	for i, body := range append(answers(f),
		`{"items":[{"id":"u","roles":[{"id":"r","explicit":true,"implicit":true,"grant_type":"FLOATING","floating_length":24}]}]}`,
		`{"items":[{"id":"u","roles":[{"id":"r","implicit":true}]},{"id":"v","roles":null},{"id":"w","roles":[]}]}`,
		`{"items":[{"id":"u","roles":[{"id":"r","explicit":true,"grant_type":"TIME_RESTRICTED",`+
			`"grant_validity_periods":[{"grant_start":"2026-01-01T00:00:00Z","grant_end":"x","y":1}],"grant_start":"z"}]}]}`,
		`{"items":[{"id":"u","roles":[{"id":"r","explicit":true,"grant_type":"`+long+`"}]}]}`,
		`{"items":[{"id":"u","roles":[{"id":"r","floating_length":1e308},{"id":"r","explicit":true}]}]}`,
		`{"items":[{"id":"a","roles":[]},{"id":"b","roles":[{"id":"r"}]},{"id":"c","roles":[{"id":"r","explicit":true}]},`+
			`{"id":"d","roles":[{"id":"r","explicit":true,"implicit":true}]},{"id":"e","roles":[{"id":"r","implicit":true}]},`+
			`{"id":"f","roles":[{"id":"r","explicit":true,"grant_type":"FLOATING","floating_length":1}]},`+
			`{"id":"g","roles":[{"id":"r","explicit":true,"grant_type":"FLOATING","floating_length":2}]}]}`,
	) {
		for _, role := range roles {
			f.Add(body, role, []byte{})
			f.Add(body, role, []byte{byte(i), byte(5 * i), byte(7 * i), byte(i + 3)})
		}
	}
	f.Fuzz(func(t *testing.T, text, roleText string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		allowed := membersOf(memberShape.of(body))
		for _, role := range rolesOf(roleText) {
			held, err := connector.RoleResource(role, nil)
			require.NoError(t, err)
			members := membersOf(body)
			rows, err := connector.GrantsOf(held, members)
			require.NoError(t, err)
			for i, member := range members {
				row := rows[i]
				requireRow(t, row)
				alone, err := connector.GrantOf(held, member)
				require.NoError(t, err)
				require.True(t, proto.Equal(row, alone), "what came before has a say:\n%v\n%v", row, alone)
				require.Equal(t, grantID(role.ID, member.ID), row.GetId())
				same, err := connector.GrantOf(held, allowed[i])
				require.NoError(t, err)
				require.True(t, proto.Equal(row, same), "what may not be read has a say:\n%v\n%v", row, same)
				requireNotes(t, row, role, member)
			}
		}
	})
}

// requireNotes checks what is said of a membership beside that there is one.
func requireNotes(t *testing.T, row *v2.Grant, role privx.Role, member privx.Member) {
	t.Helper()
	var entry *privx.RoleEntry
	for i := range member.Roles {
		if member.Roles[i].ID == role.ID && entry == nil {
			entry = &member.Roles[i]
		}
	}
	everybody := role.System && role.Name == "privx-user"
	mapped := everybody && (entry == nil || !entry.Explicit) || entry != nil && entry.Implicit && !entry.Explicit
	metadata, immutable := &v2.GrantMetadata{}, &v2.GrantImmutable{}
	notes := len(row.GetAnnotations())
	for _, note := range row.GetAnnotations() {
		switch {
		case note.MessageIs(metadata):
			require.NoError(t, note.UnmarshalTo(metadata))
			requireKeys(t, metadata.GetMetadata(), "explicit", "implicit", "grant_type", "validity_periods", "floating_hours")
			require.Equal(t, entry.Explicit, metadata.GetMetadata().GetFields()["explicit"].GetBoolValue())
			require.Equal(t, entry.Implicit, metadata.GetMetadata().GetFields()["implicit"].GetBoolValue())
			notes--
		case note.MessageIs(immutable):
			require.NoError(t, note.UnmarshalTo(immutable))
			requireRow(t, immutable)
			requireKeys(t, immutable.GetMetadata(), "mapping_rules")
			require.NotEmpty(t, immutable.GetMetadata().GetFields()["mapping_rules"].GetStringValue())
			notes--
		}
	}
	require.Zero(t, notes, "something else is said: %v", row.GetAnnotations())
	require.Equal(t, mapped, immutable.GetSourceId() != "", "%+v", entry)
	require.Equal(t, entry != nil, metadata.GetMetadata() != nil)
}

func requireKeys(t *testing.T, said *structpb.Struct, keys ...string) {
	t.Helper()
	for key, value := range said.GetFields() {
		require.Contains(t, keys, key, "not in the allow-list")
		require.LessOrEqual(t, len(value.GetStringValue()), connector.MaxGrantText)
	}
}

// answers are a real PrivX's, as recorded, and the simulator's, canaries and all.
func answers(f *testing.F) []string {
	f.Helper()
	bodies := oddjson.Recorded(f)
	store := privxsim.Seed(privxsim.SeedOptions{Users: 6, Roles: 4, MembersPerRole: 3})
	sim := privxsim.New(store, privxsim.Options{})
	form := url.Values{"grant_type": {"password"}, "username": {privxsim.DefaultAPIClientID}, "password": {privxsim.DefaultAPIClientSecret}}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	got := asked(f, sim, http.MethodPost, "/auth/api/v1/oauth/token", form.Encode(), func(r *http.Request) {
		r.SetBasicAuth(privxsim.DefaultOAuthClientID, privxsim.DefaultOAuthClientSecret)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
	require.NoError(f, json.Unmarshal([]byte(got), &token))
	bear := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.AccessToken) }
	const api = "/role-store/api/v1"
	bodies = append(bodies, asked(f, sim, http.MethodPost, api+"/users/search?limit=5", "{}", bear), asked(f, sim, http.MethodGet, api+"/roles?limit=5", "", bear))
	for _, role := range store.Roles()[:3] {
		bodies = append(bodies, asked(f, sim, http.MethodGet, api+"/roles/"+role.ID+"/members?limit=3", "", bear))
	}
	return bodies
}

func asked(f *testing.F, sim http.Handler, method, target, body string, adjust func(*http.Request)) string {
	f.Helper()
	r := httptest.NewRequestWithContext(f.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	adjust(r)
	w := httptest.NewRecorder()
	sim.ServeHTTP(w, r)
	require.Equal(f, http.StatusOK, w.Code, w.Body.String())
	return w.Body.String()
}

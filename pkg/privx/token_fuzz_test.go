package privx_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Whatever the token endpoint answers: a token that is sent was in the answer and can stand
// in a header, and an answer without such a token is an error.
func FuzzTokenAnswer(f *testing.F) {
	network := newNetwork(f)
	network.ownToken = true
	for i, body := range []string{
		`{"access_token":"abc.DEF-1_2","expires_in":300,"token_type":"Bearer"}`, `{"access_token":"t","expires_in":"60"}`, `{"access_token":"t"}`,
		`{"access_token":"","expires_in":1}`, `{"access_token":"a b"}`, `{"access_token":"a\r\nX-Evil: 1"}`, `{"access_token":"é"}`, `{"access_token":7}`,
		`{"access_token":null,"expires_in":null}`, `{"access_token":"t","expires_in":{}}`, `{"access_token":"t","expires_in":1e400}`, `{"access_token":"t","refresh_token":"` + private + `"}`,
		`{"error":"invalid_client","error_description":"` + privxsim.DefaultOAuthClientSecret + `"}`, `{"error_code":"X","error_message":"y"}`, ``, `null`, `[]`, `<html>`,
	} {
		for _, code := range []int{200, 201, 302, 400, 401, 403, 404, 429, 500} {
			f.Add(code, "application/json", body, []byte{})
			f.Add(code, "application/json", body, []byte{byte(i), byte(i + code)})
		}
		f.Add(200, "text/html", body, []byte{})
	}
	f.Fuzz(func(t *testing.T, code int, contentType, text string, edits []byte) {
		if !isStatus(code) {
			return
		}
		body := oddjson.Spoil(text, edits)
		network.answer(code, contentType, body)
		_, err := network.client.CurrentUser(t.Context())
		if network.lastBearer == "" {
			_ = requireTold(t, err)
			if code < 300 {
				require.NotContains(t, err.Error(), private)
			}
			return
		}
		require.Less(t, code, 300, "a refusal is no token")
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &answer))
		require.Equal(t, "Bearer "+answer.AccessToken, network.lastBearer)
		require.Regexp(t, `^Bearer [!-~]+$`, network.lastBearer)
		if err != nil && len(answer.AccessToken) > 3 {
			_ = requireTold(t, err)
		}
	})
}

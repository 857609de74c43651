package privx_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// mirror is a server that gives out a token and otherwise repeats all that it is sent, in a
// place where a careless client would show it.
type mirror struct {
	token  string // "": token requests are repeated too
	answer func(w http.ResponseWriter, seen string)
}

const mirrorBearer = "canary-bearer.Zm9v+/8_~-"

func (m mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if m.token != "" && strings.HasSuffix(r.URL.Path, "/token") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":300}`, m.token)
		return
	}
	form, _ := url.ParseQuery(string(body))
	_, basic, _ := r.BasicAuth()
	m.answer(w, strings.Join([]string{form.Get("password"), basic, r.Header.Get("Authorization"), string(body)}, " | "))
}

func jsonAnswer(status int, fields func(seen string) any) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, seen string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		text, _ := json.Marshal(fields(seen))
		_, _ = w.Write(text)
	}
}

func redirectTo(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, seen string) {
		w.Header().Set("Location", fmt.Sprintf(format, seen))
		w.WriteHeader(http.StatusFound)
	}
}

// mirrorAnswers are these places. The long answers have a secret where a text is cut.
func mirrorAnswers() map[string]func(http.ResponseWriter, string) {
	answers := map[string]func(http.ResponseWriter, string){
		"error_description": jsonAnswer(400, func(s string) any { return map[string]string{"error": "invalid_grant", "error_description": s} }),
		"error":             jsonAnswer(401, func(s string) any { return map[string]string{"error": s} }),
		"error_message":     jsonAnswer(403, func(s string) any { return map[string]string{"error_code": "X", "error_message": s} }),
		"error_code":        jsonAnswer(404, func(s string) any { return map[string]string{"error_code": s} }),
		"property":          jsonAnswer(409, func(s string) any { return map[string]string{"error_code": "X", "property": s} }),
		"details": jsonAnswer(500, func(s string) any {
			return map[string]any{"error_code": "X", "details": []any{map[string]string{"error_code": s, "error_message": s, "property": s}}}
		}),
		"data":               jsonAnswer(200, func(s string) any { return map[string]any{"items": s, "access_token": "a b " + s} }),
		"Location":           redirectTo("https://elsewhere.example/%s"),
		"malformed Location": redirectTo("http://[::1/%s"),
		"HTML": func(w http.ResponseWriter, seen string) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, "<html>%s</html>", seen)
		},
		"HTML of an error": func(w http.ResponseWriter, seen string) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = fmt.Fprintf(w, "<html>%s</html>", seen)
		},
		"content type": func(w http.ResponseWriter, seen string) {
			w.Header().Set("Content-Type", "text/"+seen)
		},
		"status line": rawAnswer("HTTP/1.1 %s OK\r\n\r\n"),
		"no HTTP":     rawAnswer("%s\r\n\r\n"),
		"header line": rawAnswer("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
	}
	for n := 0; n < 60; n += 7 {
		filler := strings.Repeat("x", api.MaxErrorText-n)
		answers["cut off at "+strconv.Itoa(n)] = jsonAnswer(418, func(s string) any {
			return map[string]string{"error_code": "X", "error_message": filler + s}
		})
	}
	return answers
}

// rawAnswer writes to the connection itself, also what is not HTTP.
func rawAnswer(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, seen string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, format, seen)
		_ = conn.Close()
	}
}

// A server that repeats the secrets cannot make the client show them, in an
// error or in a log.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	const oauthSecret, apiSecret = "canary-oauth+/Zm9vYmFy==", "canary-api&%é<Zm9v+/="
	pair := privx.PasswordGrant{OAuthClientID: "privx-external", OAuthClientSecret: oauthSecret, APIClientID: "id", APIClientSecret: apiSecret}
	for name, credentials := range map[string]privx.Credentials{
		"password grant":     pair,
		"OAuth client alone": privx.OAuthClientCredentials{ClientID: "privx-external", ClientSecret: oauthSecret},
		"API client alone":   privx.APIClientCredentials{ClientID: "id", ClientSecret: apiSecret},
	} {
		for _, token := range []string{"", mirrorBearer} {
			for place, answer := range mirrorAnswers() {
				t.Run(fmt.Sprintf("%s/bearer=%t/%s", name, token != "", place), func(t *testing.T) {
					t.Parallel()
					var log bytes.Buffer
					ctx := ctxzap.ToContext(t.Context(), zap.New(zapcore.NewCore(
						zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&log), zap.DebugLevel)))
					server := serve(t, mirror{token, answer}, privxsim.ServeOptions{})
					client := newClient(ctx, t, server.URL, credentials)
					err := client.Check(ctx)
					require.Error(t, err)
					wantNoSecret(t, err.Error(), oauthSecret, apiSecret, mirrorBearer)
					wantNoSecret(t, log.String(), oauthSecret, apiSecret, mirrorBearer)
				})
			}
		}
	}
}

// wantNoSecret checks that a text holds no secret and no part of one, nor a secret encoded
// as in a form, in JSON or in the base64 of Basic.
func wantNoSecret(t *testing.T, text string, secrets ...string) {
	t.Helper()
	const telling = 10 // As many characters of a secret are too many.
	for _, secret := range secrets {
		quoted, err := json.Marshal(secret)
		require.NoError(t, err)
		basic := base64.StdEncoding.EncodeToString([]byte("privx-external:" + secret))
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`), basic[len(basic)-20:]} {
			require.NotContains(t, text, form)
			require.NotContains(t, text, form[:telling])
		}
	}
}

package ask_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// newClient is a client of a simulated PrivX.
func newClient(t *testing.T, site *doctortest.Site) *privx.Client {
	t.Helper()
	settings, err := site.Given(t).Config.Settings("")
	require.NoError(t, err)
	client, err := privx.New(t.Context(), settings)
	require.NoError(t, err)
	return client
}

// status asks for little.
func status() *api.Request { return privx.Endpoints.Status.Request() }

// A PrivX that takes long for each answer is asked for some minutes, and no longer.
func TestThereIsAnEndOfTime(t *testing.T) {
	t.Parallel()
	client := newClient(t, doctortest.NewSite(t, nil, privxsim.Options{}))
	asker := ask.New(client)
	for asker.Requests() < int(ask.MaxTime/ask.Timeout) {
		answer := asker.Again(t.Context(), status(), api.Manner{Anonymous: true})
		require.NoError(t, answer.Err)
		require.Equal(t, http.StatusOK, answer.Status)
		asker.Spend(ask.Timeout)
	}
	for _, answer := range []*ask.Answer{
		asker.Again(t.Context(), status(), api.Manner{Anonymous: true}), asker.Get(t.Context(), status()), asker.Beside(client).Get(t.Context(), status()),
	} {
		require.False(t, answer.Good())
		require.Zero(t, answer.Status)
		require.True(t, ask.IsEnough(answer.Err), answer.Err)
		require.ErrorContains(t, answer.Err, "there was no more time")
	}
	require.Equal(t, int(ask.MaxTime/ask.Timeout), asker.Requests())
}

// What is asked with another client counts.
func TestBeside(t *testing.T) {
	t.Parallel()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	asker := ask.New(newClient(t, site))
	other := asker.Beside(newClient(t, site))
	require.True(t, asker.Get(t.Context(), status()).Good())
	require.True(t, other.Get(t.Context(), status()).Good())
	require.Equal(t, 2, asker.Requests())
	require.EqualValues(t, len(site.Sim.Requests()), asker.Calls(), "with those for the tokens")
	require.EqualValues(t, 4, asker.Calls())
	for asker.Requests() < ask.MaxRequests {
		require.True(t, other.Again(t.Context(), status(), api.Manner{Anonymous: true}).Good())
	}
	require.True(t, ask.IsEnough(asker.Again(t.Context(), status(), api.Manner{}).Err))
}

// listOf is an answer with so many rows.
func listOf(rows int) *ask.Answer {
	body := append([]byte(`{"count":1,"items":[0`), bytes.Repeat([]byte(",0"), rows-1)...)
	return &ask.Answer{Status: http.StatusOK, Body: append(body, "]}"...)}
}

// Millions of rows are not read.
func TestRowsAreBounded(t *testing.T) {
	t.Parallel()
	for rows, read := range map[int]bool{1: true, ask.MaxRows: true, ask.MaxRows + 1: false, 8 << 20: false} {
		got := ask.RowsOf(listOf(rows))
		require.Equal(t, read, got.Good(), "%d rows", rows)
		require.Equal(t, !read, ask.IsEnough(got.Err))
		if read {
			require.Len(t, got.Items, rows)
		} else {
			require.Nil(t, got.Items)
			require.LessOrEqual(t, cap(got.IDs), 0)
		}
	}
}

// An answer is read once.
func TestRowsAreReadOnce(t *testing.T) {
	t.Parallel()
	answer := listOf(3)
	require.Same(t, ask.RowsOf(answer), ask.RowsOf(answer))
}

func TestObject(t *testing.T) {
	t.Parallel()
	for text, fields := range map[string]int{
		`{}`: 0, "{\"a\":1,\n\"b\":{\"c\":[]}}": 2, `{"a":1,"a":2}`: 1, `[]`: -1, `null`: -1, ``: -1, `{"a"`: -1, `{"a":1}{}`: -1, `"{}"`: -1,
		"{" + string(bytes.Repeat([]byte(`"a":1,`), 10)) + `"b":2}`: 2,
	} {
		object := (&ask.Answer{Body: []byte(text)}).Object()
		if fields < 0 {
			require.Nil(t, object, text)
			continue
		}
		require.NotNil(t, object, text)
		require.Len(t, object, fields, text)
	}
	require.Equal(t, "2", string((&ask.Answer{Body: []byte(`{"a":1,"a":2}`)}).Object()["a"]))
}

// A list in one piece may be a bare array.
func TestWholeRows(t *testing.T) {
	t.Parallel()
	for text, rows := range map[string]int{
		`[]`: 0, "\n[{\"id\":\"a\"},{\"id\":\"b\"}]": 2, `null`: 0, `{"count":1,"items":[{"id":"a"}]}`: 1, `{"items":null}`: 0, `[`: -1, `[{"id":"a"}]}`: -1, `3`: -1, ``: -1,
	} {
		answer := &ask.Answer{Status: http.StatusOK, Body: []byte(text)}
		got := ask.WholeRowsOf(answer)
		require.Equal(t, rows >= 0, got.Good(), text)
		require.Len(t, got.Items, max(rows, 0), text)
		require.Equal(t, text, string(answer.Body), "the answer stays as it is")
	}
	require.False(t, ask.RowsOf(&ask.Answer{Status: http.StatusOK, Body: []byte(`[]`)}).Good(), "no other list may be")
}

// Of secrets, the query and the body say the same, and no more than PrivX gives at a time.
func TestPartOfSecrets(t *testing.T) {
	t.Parallel()
	rq := ask.SecretRows(ask.Part{Offset: 5, Limit: 1000})
	require.Equal(t, "limit=100&offset=5&sortdir=ASC&sortkey=created", rq.Query.Encode())
	require.JSONEq(t, `{"offset":5,"limit":100,"sortkey":"created","sortdir":"ASC"}`, string(rq.Body))
}

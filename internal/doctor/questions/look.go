package questions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// look is how one question sees PrivX: by requests that are sent once for all questions.
// What is kept is with the Asker, so that it does not matter which questions are asked.
type look struct {
	ctx   context.Context
	visit *doctor.Visit
}

// once reads something once for all questions.
func once[T any](l *look, name string, read func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	made := ask.Once(l.ctx, l.visit.Ask, "questions "+name, func() outcome {
		value, err := read()
		return outcome{value, err}
	})
	return made.value, made.err
}

// list is a list of PrivX that comes in pages.
type list struct {
	name string
	part func(ask.Part) *api.Request
}

var (
	allUsers = list{"users", ask.UserRows}
	allRoles = list{"roles", ask.RoleRows}
)

// membersOf is the list of a role's members.
func membersOf(roleID string) list {
	return list{"members", func(p ask.Part) *api.Request { return ask.MemberRows(roleID, p) }}
}

// get asks, or gives the answer that there is already.
func (l *look) get(rq *api.Request) *ask.Rows { return rowsOf(l.visit.Ask.Get(l.ctx, rq)) }

// again asks, whether or not there is an answer already.
func (l *look) again(rq *api.Request) *ask.Rows {
	return rowsOf(l.visit.Ask.Again(l.ctx, rq, api.Manner{}))
}

// errNoObject is the error for an answer that is not the record that was asked for.
var errNoObject = errors.New("the answer is not the record of the user who was asked for")

// errNoList is the error for an answer that does not have items, be they null.
var errNoList = errors.New("the answer is not a list: it has no items")

// rowsOf reads an answer that is a list. Err is set if it is none.
func rowsOf(answer *ask.Answer) *ask.Rows { return withItems(ask.RowsOf(answer)) }

// withItems are rows that come of a list; Err is set if they do not.
func withItems(rows *ask.Rows) *ask.Rows {
	if !rows.Good() || rows.Items != nil {
		return rows
	}
	if _, found := rows.Object()["items"]; !found {
		given := *rows.Answer
		given.Err = errNoList
		return &ask.Rows{Answer: &given}
	}
	return rows
}

// counted is how many rows an answer says that the list has; 0 if it does not say.
func counted(rows *ask.Rows) int { return ask.CountOf(rows) }

// size is how many rows the connector asks for at a time.
func (l *look) size() int {
	if size := l.visit.Given.Config.PageSize; size >= api.MinPageSize && size <= api.MaxPageSize {
		return size
	}
	return api.MaxPageSize
}

// smallerPages are asked for where a larger one is too much.
var smallerPages = []int{100, api.MinPageSize}

// upTo asks for the first rows of a list, for fewer where so many are too much. It returns
// how many it has asked for in the end, too.
func (l *look) upTo(limit int, of list) (*ask.Rows, int) {
	rows := l.get(of.part(ask.Part{Limit: limit}))
	for _, smaller := range smallerPages {
		if smaller < limit && tooMuch(rows) {
			limit = smaller
			rows = l.get(of.part(ask.Part{Limit: limit}))
		}
	}
	return rows, limit
}

// tooMuch tells whether fewer rows might be answered: the page was refused, or there was no
// whole answer in time, or it is longer than the connector reads of a page.
func tooMuch(rows *ask.Rows) bool {
	if rows.Good() {
		return len(rows.Body) > api.MaxPageBody
	}
	return rows.Status == http.StatusBadRequest || rows.Status >= http.StatusInternalServerError ||
		api.Is(rows.Err, api.TooLong) || api.IsTransient(rows.Err)
}

// firstPage is the first page of a list as the connector asks for it.
func (l *look) firstPage(of list) *ask.Rows {
	rows, _ := l.upTo(l.size(), of)
	return rows
}

// some is the first 100 users, or fewer where so many are too much, and how many were asked
// for.
func (l *look) some() (*ask.Rows, int) { return l.upTo(smallerPages[0], allUsers) }

// decode reads rows. What cannot be read of one is as if it were not there.
func decode[T any, B ~[]byte](items []B) []T {
	rows := make([]T, len(items))
	for i, item := range items {
		_ = json.Unmarshal(item, &rows[i])
	}
	return rows
}

// number is a number of things, as "1 role" or "2 roles".
func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

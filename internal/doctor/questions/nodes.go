package questions

import (
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func nodeQuestions() []doctor.Check {
	return checks([]question{
		{
			id:      "PXQ-065",
			promise: "a new token is known to all nodes soon enough",
			how:     "PrivX is asked for one more token. It is used at once, several times and without a load balancer's cookie.",
			needs:   []string{connection.LoggedIn},
			unseen:  "The token was refused at first by every node.",
			ask:     nodesKnowTokens,
		},
		{
			id:      "PXQ-066",
			promise: "the clocks of PrivX's nodes agree",
			how: "Several requests are sent without a load balancer's cookie. The Date headers of the answers are compared with the time that has passed between them. " +
				"They have whole seconds only.",
			needs:  []string{connection.LoggedIn},
			unseen: "The answers have no Date header, or took too long to come.",
			costs: []cost{{"b", doctor.Way{
				Name: "apart", Outcome: doctor.Warning,
				When:    "The clocks of PrivX's nodes are some seconds apart.",
				Matters: "A grant that begins or ends at a time does so at another moment on each node.",
				Do:      "Let all nodes of PrivX get the time from the same NTP servers.",
			}}},
			ask: nodesClocks,
		},
		{
			id:      "PXQ-067",
			promise: "the connector can cope with the counts of different nodes",
			how:     "One role is asked for several times without a load balancer's cookie. The counts in the answers are compared.",
			needs:   []string{tenant.MayListRoles},
			unseen:  "PrivX does not count, or the count changed once, as when a role is added or removed.",
			ask:     nodesCounts,
		},
		{
			id:      "PXQ-069",
			promise: "the connector stays on a node if the load balancer wants it to",
			how:     "The answer to the login is searched for cookies. The connector sends them back.",
			needs:   []string{connection.LoggedIn},
			ask:     affinity,
		},
	})
}

func nodesKnowTokens(l *look) answer {
	n := l.newcomer()
	if n.err != nil {
		return unanswered(n.err)
	}
	before, after, err := n.refusals()
	switch {
	case err != nil:
		return unanswered(err)
	case n.refusesAtFirst(before, after):
		return unseen("Of %s right after a login, the first %d were refused.", number(len(n.first), "request"), before)
	case before+after > 0:
		return on("b", "Of %s right after a login, %d %s refused.", number(len(n.first), "request"), before+after, verb(before+after)).
			with("requests", float64(len(n.first))).with("refused", float64(before+after))
	default:
		return on(assumed, "None of %s right after a login was refused.", number(len(n.first), "request")).with("requests", float64(len(n.first)))
	}
}

// alone is an answer to a request without cookies, and between which moments it was made.
type alone struct {
	*ask.Answer

	sent, came time.Time
}

// requestsAlone is how many requests without cookies are compared.
const requestsAlone = 6

// alone asks for one role several times without cookies, once for all questions.
func (l *look) alone() []alone {
	return ask.Once(l.ctx, l.visit.Ask, "alone", func() []alone { return l.askAlone() })
}

func (l *look) askAlone() []alone {
	var answers []alone
	for range requestsAlone {
		sent := time.Now()
		a := l.visit.Ask.Again(l.ctx, oneRole(), api.Manner{Alone: true})
		answers = append(answers, alone{a, sent, time.Now()})
	}
	return answers
}

// slow is more than an answer may take for its Date to tell anything.
const slow = 2 * time.Second

// nodesClocks compares how far PrivX's clock can be ahead of ours by each answer. Where two
// answers leave no common value, they are of different clocks.
func nodesClocks(l *look) answer {
	answers := l.alone()
	var least, most time.Duration
	told := 0
	for _, a := range answers {
		if a.Status == 0 {
			return unanswered(a.Err) // By a node, it may be, whose clock is another.
		}
		date, noDate := http.ParseTime(a.Header.Get("Date"))
		if noDate != nil || a.came.Sub(a.sent) > slow {
			continue
		}
		// The second that Date names was under way at some moment between both.
		low, high := date.Sub(a.came), date.Add(time.Second).Sub(a.sent)
		if told++; told == 1 {
			least, most = low, high
			continue
		}
		least, most = max(least, low), min(most, high)
	}
	switch apart := least - most; {
	case told < 2:
		return unseen("%d of %s told the time.", told, number(len(answers), "answer"))
	case apart > 0:
		return on("b", "Two clocks are at least %s apart.", apart.Round(100*time.Millisecond)).with("seconds", apart.Round(100*time.Millisecond).Seconds())
	default:
		return on(assumed, "So it was in %s, to whole seconds.", number(told, "answer")).with("answers", float64(told))
	}
}

func nodesCounts(l *look) answer {
	counts, err := countsOf(l.alone())
	if err != nil {
		return unanswered(err)
	}
	if changes(counts) == 1 {
		// A role may have come or gone. If so, it does not come and go all the time.
		more, err := countsOf(l.askAlone())
		if err != nil {
			return unanswered(err)
		}
		counts = append(counts, more...)
	}
	switch {
	case len(counts) < 2:
		return unseen("%d of the answers had a count.", len(counts))
	case changes(counts) == 1:
		return unseen("It changed once, from %d to %d.", counts[0], counts[len(counts)-1])
	case changes(counts) > 1:
		apart := slices.Max(counts) - slices.Min(counts)
		return on("b", "Of %s, the least was %d, and the largest %d.", number(len(counts), "count"), slices.Min(counts), slices.Max(counts)).with("apart", float64(apart))
	default:
		return on(assumed, "%s %s the same.", number(len(counts), "count"), verb(len(counts))).with("counts", float64(len(counts)))
	}
}

// countsOf are the counts of answers. It is an error if one was not answered, maybe by a
// node that counts otherwise. Every PrivX has two roles: it does not count where it says 0,
// and counts the answer's own row where it says 1.
func countsOf(answers []alone) ([]int, error) {
	var counts []int
	for _, a := range answers {
		rows := rowsOf(a.Answer)
		if !rows.Good() {
			return nil, rows.Err
		}
		if counted(rows) > 1 {
			counts = append(counts, *rows.Count)
		}
	}
	return counts, nil
}

// changes is how often a number is another than the one before.
func changes(numbers []int) int {
	n := 0
	for i := range numbers {
		if i > 0 && numbers[i] != numbers[i-1] {
			n++
		}
	}
	return n
}

func affinity(l *look) answer {
	login, err := l.visit.Client.API().Login(l.ctx)
	switch {
	case err != nil:
		return unanswered(err)
	case len(login.Cookies) > 0:
		return on("b", "It is %s.", names(login.Cookies, "cookie")).with("cookies", float64(len(login.Cookies)))
	default:
		return on(assumed, "None came with the answer to the login.")
	}
}

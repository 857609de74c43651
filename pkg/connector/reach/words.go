package reach

import (
	"fmt"
	"strings"
)

// InWords says what a role reaches among the targets of one kind; empty for nothing.
func (s Sum) InWords(kind Kind) string {
	switch {
	case s.Targets == 0:
		return ""
	case kind == Host:
		return "reaches " + s.accounts() + " on " + s.number("host")
	case kind == Secret:
		return s.secrets()
	case kind == NetworkTarget:
		return "reaches " + s.number("network target")
	case kind == APITarget:
		return "reaches " + s.number("API target")
	default:
		return "assumes " + s.number("AWS role")
	}
}

// accounts are the accounts of hosts that a role reaches.
func (s Sum) accounts() string {
	if len(s.labels.texts) > maxLabels {
		return strings.Join(s.labels.texts[:maxLabels], ", ") + " and other accounts"
	}
	return enumerated(s.labels.texts)
}

// secrets says what a role may do with secrets. The examples are of both.
func (s Sum) secrets() string {
	var parts []string
	if s.Reads > 0 {
		parts = append(parts, "reads "+counted(s.Reads, "secret"))
	}
	if s.Writes > 0 {
		parts = append(parts, "writes "+counted(s.Writes, "secret"))
	}
	return strings.Join(parts, " and ") + s.named()
}

// number is how many targets there are, with examples.
func (s Sum) number(what string) string {
	words := counted(s.Targets, what) + s.named()
	switch {
	case s.Disabled == 0:
		return words
	case s.Targets == 1:
		return words + ", which is disabled"
	default:
		return words + fmt.Sprintf(", %d of them disabled", s.Disabled)
	}
}

func (s Sum) named() string {
	names := strings.Join(s.examples.texts, ", ")
	if s.Targets > len(s.examples.texts) {
		names += ", …"
	}
	return " (" + names + ")"
}

// RecordedInWords says of how many hosts the sessions are recorded.
func (s Sum) RecordedInWords() string {
	if s.Targets == 0 || s.Unknown == s.Targets {
		return ""
	}
	words := fmt.Sprintf("Sessions are recorded on %d of %s", s.Recorded, counted(s.Targets, "host"))
	if s.Unknown > 0 {
		words += fmt.Sprintf("; of %d it is not known", s.Unknown)
	}
	return words + "."
}

// counted is a number with what it counts.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// enumerated joins words as a sentence does.
func enumerated(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

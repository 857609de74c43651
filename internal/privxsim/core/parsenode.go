package core

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseNode reads a node from a line of words, each of it optional:
//
//	lag=5s token-lag=300ms clock=-1s count=-1 empty=3s
//
// The keys are the fields of Node; clock and count are offsets.
func ParseNode(line string) (Node, error) {
	var n Node
	for _, word := range strings.Fields(line) {
		if err := n.set(word); err != nil {
			return Node{}, fmt.Errorf("node %q: %w", line, err)
		}
	}
	return n, nil
}

// set takes one key=value.
func (n *Node) set(word string) error {
	key, value, _ := strings.Cut(word, "=")
	var err error
	switch key {
	case "lag":
		n.Lag, err = parseAge(value)
	case "token-lag":
		n.TokenLag, err = parseAge(value)
	case "clock":
		n.ClockOffset, err = time.ParseDuration(value)
	case "count":
		n.CountOffset, err = strconv.Atoi(value)
	case "empty":
		n.Empty, err = parseAge(value)
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

// parseAge reads a duration that is none of the future.
func parseAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if err == nil && age < 0 {
		err = fmt.Errorf("negative duration %q", text)
	}
	return age, err
}

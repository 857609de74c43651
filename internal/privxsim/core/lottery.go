package core

import (
	"math/rand/v2"
	"sync"
)

// lottery is a random source that several goroutines may use at once.
type lottery struct {
	mu     sync.Mutex
	source *rand.Rand
}

func (l *lottery) shuffle(n int, swap func(i, j int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source.Shuffle(n, swap)
}

// intN returns a number below n.
func (l *lottery) intN(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.IntN(n)
}

package ask

// Head is what was to be seen of an answer beside its content.
type Head struct {
	Status int
	// Type is its Content-Type, and IsObject tells that it is a JSON object, whatever it is
	// called.
	Type     string
	IsObject bool
	// Date is its Date header as it came.
	Date string
}

// Heads are those of all answers so far, but for logins.
func (a *Asker) Heads() []Head { return a.heads }

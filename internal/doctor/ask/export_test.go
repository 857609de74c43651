package ask

import "time"

// Spend is as if the requests so far had taken longer.
func (a *Asker) Spend(longer time.Duration) { a.took += longer }

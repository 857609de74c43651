package ask

import "context"

// Once is what make makes of answers. It is made once for an Asker, by its name, so that
// checks can share what takes long to read.
func Once[T any](ctx context.Context, a *Asker, name string, make func() T) T {
	if made, ok := a.made[name].(T); ok {
		return made
	}
	made := make()
	if ctx.Err() == nil {
		a.made[name] = made
	}
	return made
}

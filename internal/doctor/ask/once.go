package ask

import "context"

// Once is what a function makes of answers. It is called once for an Asker and a name, so
// that checks can share what takes long to read.
func Once[T any](ctx context.Context, a *Asker, name string, of func() T) T {
	if made, ok := a.made[name].(T); ok {
		return made
	}
	made := of()
	if ctx.Err() == nil {
		a.made[name] = made
	}
	return made
}

package llm

import (
	"context"
	"errors"
	"fmt"
)

// waits is what ends the waiting of one call of Ask before something is sent: its
// context, or its Stop. A request that is sent is under the context alone.
type waits struct {
	call context.Context // of the caller
	ctx  context.Context // ends with it, and with stop
	stop <-chan struct{} // nil for never
}

// newWaits returns the waits of a call; end must be called when it is over.
func newWaits(ctx context.Context, stop <-chan struct{}) (w *waits, end func()) {
	if stop == nil {
		return &waits{call: ctx, ctx: ctx}, func() {}
	}
	wctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-stop:
			cancel(ErrStopped)
		case <-wctx.Done():
		}
	}()
	return &waits{call: ctx, ctx: wctx, stop: stop}, func() { cancel(nil) }
}

// over returns ErrStopped from the moment that Stop is closed.
func (w *waits) over() error {
	select {
	case <-w.stop:
		return ErrStopped
	default:
		return w.ctx.Err()
	}
}

// reason makes an error that wraps ErrStopped of a wait that Stop ended.
func (w *waits) reason(err error, provider string) error {
	if errors.Is(err, ErrStopped) || errors.Is(err, context.Canceled) && w.call.Err() == nil && errors.Is(context.Cause(w.ctx), ErrStopped) {
		return fmt.Errorf("provider %q: %w", provider, ErrStopped)
	}
	return err
}

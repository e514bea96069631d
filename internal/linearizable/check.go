package linearizable

import (
	"errors"
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// ErrNotLinearizable says that no list that does one thing after another could
// have given these answers.
var ErrNotLinearizable = errors.New("the history is not linearizable")

// ErrUndecided says that the check took too long: nothing is known.
var ErrUndecided = errors.New("it is not known if the history is linearizable: the check took too long")

// windowLength is how many appends a window has. Porcupine's memory grows with
// the square of a window's operations, one bit for each pair.
const windowLength = 500

// Check says if ops, followed by a read of the whole list that finds final, are
// linearizable. It gives up after the time; zero is never.
func Check(ops []Op, final []int64, patience time.Duration) error {
	return check(ops, final, patience, windowLength)
}

func check(ops []Op, final []int64, patience time.Duration, length int64) error {
	resolved, err := resolve(ops, final)
	if err != nil {
		return err
	}
	verdict := checkWindows(cut(resolved, prefixOf(final), length), patience)
	opinion := order(resolved, final)
	if errors.Is(verdict, ErrUndecided) {
		return errors.Join(verdict, opinion)
	}
	if (verdict == nil) != (opinion == nil) {
		panic(fmt.Sprintf("linearizable: the judges disagree: porcupine says %v, the other one %v", verdict, opinion))
	}
	return opinion // it says more
}

// checkWindows asks porcupine.
func checkWindows(windows []*window, patience time.Duration) error {
	if err := inOrder(windows); err != nil {
		return err
	}
	began := time.Now()
	for _, w := range windows {
		left := time.Duration(0)
		if patience > 0 {
			left = max(patience-time.Since(began), 1)
		}
		if err := w.check(left); err != nil {
			return err
		}
	}
	return nil
}

func prefixOf(values []int64) *Prefix {
	p := empty()
	for _, v := range values {
		p = p.Append(v)
	}
	return p
}

// window is the operations that saw certain lengths.
type window struct {
	from, to *Prefix // the list before the first of them, and after the last
	ops      []*Op

	earliest *Op // to return
	latest   *Op // to be called
}

// cut makes windows of so many appends each. What saw a longer list than the final one
// goes into the last window, where it will not fit.
func cut(ops []*Op, final *Prefix, length int64) []*window {
	count := max(1, (final.length+length-1)/length)
	windows := make([]*window, count)
	for i := range windows {
		from := int64(i) * length
		windows[i] = &window{from: final.First(from), to: final.First(min(from+length, final.length))}
	}
	for _, o := range ops {
		windows[min(max(o.Length-1, 0)/length, count-1)].add(o)
	}
	return windows
}

func (w *window) add(o *Op) {
	w.ops = append(w.ops, o)
	if w.earliest == nil || o.Return < w.earliest.Return {
		w.earliest = o
	}
	if w.latest == nil || o.Call > w.latest.Call {
		w.latest = o
	}
}

// inOrder fails if an operation of a later window returned before one of an earlier
// window was called.
func inOrder(windows []*window) error {
	var latest *Op
	for _, w := range windows {
		if latest != nil && w.earliest != nil && w.earliest.Return < latest.Call {
			return notInOrder(w.earliest, latest)
		}
		if latest == nil || w.latest != nil && w.latest.Call > latest.Call {
			latest = w.latest
		}
	}
	return nil
}

func notInOrder(first, then *Op) error {
	return fmt.Errorf("%w: after\n\t%v\ncame, with an earlier state,\n\t%v", ErrNotLinearizable, first, then)
}

// check asks porcupine about one window. The operation at the end makes sure that
// the window ends with the state that the next one begins with.
func (w *window) check(patience time.Duration) error {
	end := &Op{Kind: ReadWhole, Call: Forever, Return: Forever, Length: w.to.length, Hash: w.to.hash}
	all := operations(append(w.ops[:len(w.ops):len(w.ops)], end))
	switch porcupine.CheckOperationsTimeout(model(w.from), all, patience) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return ErrUndecided
	}
	return fmt.Errorf("%w: entries %d to %d", ErrNotLinearizable, w.from.length, w.to.length-1)
}

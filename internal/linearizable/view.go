package linearizable

import (
	"fmt"
	"io"
	"time"

	"github.com/anishathalye/porcupine"
)

// View writes a page of HTML on which porcupine draws the operations that saw lengths of
// the list from one to another, and how far it came with them: all that is drawn
// grows with the square of the operations, and so it can't be all of a long history.
// It gives up the search after a while, and then draws how far it came by then.
func View(w io.Writer, ops []Op, final []int64, from, to int64) error {
	resolved, err := resolve(ops, final)
	if err != nil { // a value stands there twice; they are drawn as they are
		resolved = nil
		for i := range ops {
			resolved = append(resolved, &ops[i])
		}
	}
	from = min(max(from, 0), int64(len(final)))
	var some []*Op
	for _, o := range resolved {
		if !o.open() && from <= o.Length && o.Length <= to && (!o.Kind.appends() || o.Length > from) {
			some = append(some, o)
		}
	}
	m := model(prefixOf(final).First(from))
	_, info := porcupine.CheckOperationsVerbose(m, operations(some), 10*time.Second)
	if err := porcupine.Visualize(m, info, w); err != nil {
		return fmt.Errorf("draw the operations with porcupine: %w", err)
	}
	return nil
}

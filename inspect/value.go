package inspect

import (
	"fmt"
	"strings"

	"paxos/internal/terminal"
	"paxos/protocol"
)

// Value is what a value of an instance says, in few words.
type Value struct {
	Bytes    int    `json:"bytes"`
	Commands int    `json:"commands"`
	Runs     int    `json:"runs"`              // of consecutive commands of a session
	Opens    int    `json:"opens"`             // of sessions
	Changes  int    `json:"changes,omitempty"` // of members
	Wrong    string `json:"wrong,omitempty"`   // why the rest of it cannot be read
}

// DescribeValue counts what is in a value.
func DescribeValue(v protocol.Value) Value {
	d := Value{Bytes: len(v)}
	for len(v) > 0 {
		item, rest, err := v.Next()
		switch {
		case err != nil:
			d.Wrong = err.Error()
			return d
		case item.Open:
			d.Opens++
		case item.Change != nil:
			d.Changes++
		default:
			d.Runs++
			d.Commands += item.Run.Count
		}
		v = rest
	}
	return d
}

// Items says of each item of a value what it is.
func Items(v protocol.Value) (items []string) {
	for len(v) > 0 {
		item, rest, err := v.Next()
		switch {
		case err != nil:
			return append(items, "malformed: "+err.Error())
		case item.Open:
			items = append(items, fmt.Sprintf("open a session with nonce %s", item.Nonce))
		case item.Change != nil:
			items = append(items, fmt.Sprintf("change the members: %+v", *item.Change))
		default:
			items = append(items, fmt.Sprintf("session %d: commands %d to %d, %d bytes", item.Run.Session, item.Run.First, item.Run.Last(), len(item.Run.Block)))
		}
		v = rest
	}
	return items
}

func (d Value) String() string {
	if d.Bytes == 0 {
		return "no-op"
	}
	var parts []string
	if d.Runs > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s", terminal.Count(d.Commands, "command", "commands"), terminal.Count(d.Runs, "run", "runs")))
	}
	if d.Opens > 0 {
		parts = append(parts, terminal.Count(d.Opens, "session", "sessions")+" opened")
	}
	if d.Changes > 0 {
		parts = append(parts, terminal.Count(d.Changes, "change", "changes")+" of members")
	}
	if d.Wrong != "" {
		parts = append(parts, "malformed: "+d.Wrong)
	}
	return strings.Join(parts, ", ")
}

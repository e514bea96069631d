package server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"paxos/protocol"
)

// list answers GET /v1/list: a part of it, or entries by their indexes.
func (x *exchange) list() error {
	q, err := x.query("from", "limit", "at", "consistency", "format", "timeout")
	if err != nil {
		return err
	}
	if q.Has("at") {
		return x.listAt(q)
	}
	from, err := index(q, "from", 0)
	if err != nil {
		return err
	}
	limit, err := index(q, "limit", 1<<63)
	if err != nil {
		return err
	}
	lines, err := x.wantsLines(q)
	if err != nil {
		return err
	}
	st, err := x.stand(q)
	if err != nil {
		return err
	}
	to := from
	if from < st.length {
		to += min(limit, st.length-from)
	}
	return x.sendList(st, from, to, lines)
}

func (x *exchange) sendList(st stand, from, to uint64, lines bool) error {
	if lines {
		return x.stream(from, to, style{contentType: typeNDJSON, after: "\n"})
	}
	head := append([]byte(`{"from": `), strconv.FormatUint(from, 10)...)
	head = append(head, `, "values": [`...)
	tail := append([]byte(`], "next": `), strconv.FormatUint(to, 10)...)
	tail = append(append(append(tail, ", "...), st.fields()...), "}\n"...)
	return x.stream(from, to, arrayStyle(string(head), ",", string(tail)))
}

// wantsLines says if the answer is NDJSON.
func (x *exchange) wantsLines(q url.Values) (bool, error) {
	switch format := q.Get("format"); format {
	case "":
		return strings.Contains(x.r.Header.Get("Accept"), typeNDJSON[0]), nil
	case "json":
		return false, nil
	case "ndjson":
		return true, nil
	default:
		return false, bad("format is json or ndjson, not %.80q", format)
	}
}

// stand is the list as a read sees it.
type stand struct {
	length  uint64
	applied protocol.Instance
}

// fields are the two that end every answer to a read.
func (st stand) fields() string {
	return `"length": ` + strconv.FormatUint(st.length, 10) + `, "applied": ` + st.applied.String()
}

// stand waits until this server may answer a read, and tells what the list is
// then, in the headers too. A linearizable read waits for the barrier; a local
// one for nothing, and says how old it may be.
func (x *exchange) stand(q url.Values) (st stand, err error) {
	h := x.w.Header()
	switch level := q.Get("consistency"); level {
	case "local":
		h["Paxos-Consistency"] = []string{"local"}
		h["Paxos-Stale-Ms"] = []string{strconv.FormatInt(x.s.stale(), 10)}
	case "", "linearizable":
		if err := x.barrier(q); err != nil {
			return st, err
		}
		h["Paxos-Consistency"] = []string{"linearizable"}
	default:
		return st, bad("consistency is linearizable or local, not %.80q", level)
	}
	st.applied = x.s.engine.Applied()
	st.length = x.s.engine.View().Length()
	h["Paxos-Applied"] = []string{st.applied.String()}
	h["Paxos-Length"] = []string{strconv.FormatUint(st.length, 10)}
	return st, nil
}

// barrier waits for rule 12.
func (x *exchange) barrier(q url.Values) error {
	ctx, cancel, err := x.waiting(q)
	if err != nil {
		return err
	}
	defer cancel()
	x.s.metrics.barriers.Inc()
	return x.s.engine.Barrier(ctx)
}

// stale is how many milliseconds ago this server was in step; -1: never.
func (s *Server) stale() int64 {
	if e, ok := s.engine.(staleTeller); ok {
		return staleMillis(e.Stale())
	}
	return staleMillis(s.engine.Status().Stale)
}

// length answers GET /v1/list/length.
func (x *exchange) length() error {
	q, err := x.query("consistency", "timeout")
	if err != nil {
		return err
	}
	st, err := x.stand(q)
	if err != nil {
		return err
	}
	x.out = append(append(append(x.out[:0], '{'), st.fields()...), "}\n"...)
	return x.reply()
}

// entry answers GET /v1/list/{index}.
func (x *exchange) entry() error {
	q, err := x.query("consistency", "timeout")
	if err != nil {
		return err
	}
	i, err := parseIndex("an index", x.r.PathValue("index"))
	if err != nil {
		return err
	}
	st, err := x.stand(q)
	if err != nil {
		return err
	}
	if i >= st.length {
		return notFound("there is no entry %d, the list has %d", i, st.length)
	}
	x.out = append(x.out[:0], `{"index": `...)
	x.out = strconv.AppendUint(x.out, i, 10)
	x.out = append(x.out, `, "value": `...)
	if err := x.appendEntry(i); err != nil {
		return err
	}
	x.out = append(x.out, "}\n"...)
	return x.reply()
}

// appendEntry appends entry i, which the list must have, to x.out.
func (x *exchange) appendEntry(i uint64) error {
	_, err := x.s.entries.pass(i, i+1, func(_ uint64, payload []byte) bool {
		x.out = append(x.out, payload...)
		return false
	})
	if err == nil {
		x.s.metrics.read(1)
	}
	return err
}

// listAt answers GET /v1/list?at=3,7,9.
func (x *exchange) listAt(q url.Values) error {
	if q.Has("from") || q.Has("limit") || q.Has("format") {
		return bad("at stands without from, limit and format")
	}
	indexes, err := parseIndexes(q.Get("at"))
	if err != nil {
		return err
	}
	st, err := x.stand(q)
	if err != nil {
		return err
	}
	x.out = append(x.out[:0], `{"values": [`...)
	for n, i := range indexes {
		if n > 0 {
			x.out = append(x.out, ',')
		}
		if i >= st.length {
			x.out = append(x.out, "null"...)
		} else if err := x.appendEntry(i); err != nil {
			return err
		}
		if len(x.out) >= pieceBytes {
			if err := x.sendAs(typeJSON, x.out); err != nil {
				return err
			}
			x.out = x.out[:0]
		}
	}
	x.out = append(append(append(x.out, "], "...), st.fields()...), "}\n"...)
	return x.sendAs(typeJSON, x.out)
}

// maxIndexes is how many entries one request may name.
const maxIndexes = 1024

func parseIndexes(text string) ([]uint64, error) {
	parts := strings.SplitN(text, ",", maxIndexes+1)
	if len(parts) > maxIndexes {
		return nil, bad("at names at most %d indexes", maxIndexes)
	}
	indexes := make([]uint64, len(parts))
	for n, part := range parts {
		i, err := parseIndex("an index in at", part)
		if err != nil {
			return nil, err
		}
		indexes[n] = i
	}
	return indexes, nil
}

// pieceBytes is about how much of an answer is made at a time.
const pieceBytes = 64 << 10

// pieces are buffers for parts of answers: an entry may reach over the end.
var pieces = sync.Pool{New: func() any {
	b := make([]byte, 0, pieceBytes+protocol.MaxPayload+64)
	return &b
}}

// style is how entries stand in an answer.
type style struct {
	contentType                []string
	head, between, after, tail string
	event                      bool // after an id each
}

func arrayStyle(head, between, tail string) style {
	return style{contentType: typeJSON, head: head, between: between, tail: tail}
}

// stream sends the entries from index from on, below to, in pieces.
func (x *exchange) stream(from, to uint64, st style) error {
	buffer := pieces.Get().(*[]byte)
	defer pieces.Put(buffer)
	out, first := append((*buffer)[:0], st.head...), from
	for from < to && x.r.Method != http.MethodHead {
		next, err := x.s.entries.pass(from, to, func(i uint64, payload []byte) bool {
			if i > first {
				out = append(out, st.between...)
			}
			if st.event {
				out = append(strconv.AppendUint(append(out, "id: "...), i, 10), "\ndata: "...)
			}
			out = append(append(out, payload...), st.after...)
			return len(out) < pieceBytes
		})
		if err != nil {
			return err
		}
		x.s.metrics.read(next - from)
		if from = next; from < to {
			if err := x.sendAs(st.contentType, out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
	return x.sendAs(st.contentType, append(out, st.tail...))
}

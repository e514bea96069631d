package history

import (
	"bufio"
	"fmt"
	"io"

	"paxos/internal/torture/history/edn"
)

// WriteEDN writes a history as Jepsen does, one map a line. (Write is the name of what
// clients do to registers.)
func WriteEDN(w io.Writer, ops []Op) error {
	out := bufio.NewWriterSize(w, 256<<10)
	var line []byte
	for i := range ops {
		line = append(AppendOp(line[:0], &ops[i]), '\n')
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("write operation %d: %w", ops[i].Index, err)
		}
	}
	return out.Flush()
}

// AppendOp writes one operation as a map, without an end of line.
func AppendOp(dst []byte, o *Op) []byte {
	dst = fmt.Appendf(dst, "{:type :%v, :f ", o.Type)
	dst = edn.Append(dst, nameFor(o.F))
	dst = appendValue(append(dst, ", :value "...), o.Value)
	if o.Process == Nemesis {
		dst = append(dst, ", :process :nemesis"...)
	} else {
		dst = fmt.Appendf(dst, ", :process %d", o.Process)
	}
	dst = fmt.Appendf(dst, ", :time %d, :index %d", o.Time, o.Index)
	for _, extra := range []struct{ key, text string }{{"error", o.Error}, {"client", o.Client}, {"node", o.Node}} {
		if extra.text != "" {
			dst = append(append(append(dst, ", :"...), extra.key...), ' ')
			dst = edn.Append(dst, extra.text)
		}
	}
	return append(dst, '}')
}

// nameFor is a keyword, or a string if f can't be one.
func nameFor(f F) any {
	if f == "" {
		return nil
	}
	for _, c := range f {
		if !(c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return string(f)
		}
	}
	return edn.Keyword(f)
}

func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case List:
		return edn.Append(dst, edn.Ints(v))
	case Appended:
		return appendAppended(dst, v)
	case Length:
		dst = appendHash(fmt.Appendf(dst, "{:length %d", v.Length), v.Hash)
		return append(dst, '}')
	case Entry:
		dst = fmt.Appendf(dst, "{:index %d", v.Index)
		if v.Found {
			dst = fmt.Appendf(dst, ", :value %d", v.Value)
		}
		return fmt.Appendf(dst, ", :length %d}", v.Length)
	case Swap:
		return fmt.Appendf(dst, "[%d %d]", v.Old, v.New)
	}
	return edn.Append(dst, v)
}

func appendAppended(dst []byte, v Appended) []byte {
	dst = fmt.Appendf(dst, "{:appended-value %d", v.Value)
	if v.Index != Unknown {
		dst = fmt.Appendf(dst, ", :index %d", v.Index)
	}
	dst = appendHash(dst, v.Hash)
	if v.State != nil {
		dst = edn.Append(append(dst, ", :new-state "...), edn.Ints(v.State))
	}
	return append(dst, '}')
}

func appendHash(dst []byte, hash uint64) []byte {
	if hash == 0 {
		return dst
	}
	return fmt.Appendf(dst, `, :hash "%s"`, hashText(hash))
}

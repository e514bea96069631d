package inspect

import (
	"time"

	"paxos/internal/histogram"
	"paxos/protocol"
	"paxos/storage/kv/pages"
	"paxos/wal"
)

// Stats are sizes and distributions in a store.
type Stats struct {
	Damaged  []Finding       `json:"damaged,omitempty"` // what could not be counted; at most 100
	Log      LogSummary      `json:"log"`
	Database DatabaseSummary `json:"database"`
	// UsedPages and FreePages of the database, PageBytes each, and BytesUsed of the
	// used ones.
	UsedPages uint64 `json:"used_pages"`
	FreePages uint64 `json:"free_pages"`
	BytesUsed int64  `json:"bytes_used"`
	Depth     int    `json:"depth"` // levels of the deepest tree
	HeadBytes uint64 `json:"head_bytes"`
	Chunks    uint64 `json:"chunks"`
	// ChunkBytes are those of the chunks as they are stored, RawBytes of their
	// content; Ratio is the second by the first.
	ChunkBytes int64   `json:"chunk_bytes"`
	RawBytes   int64   `json:"raw_bytes"`
	Ratio      float64 `json:"ratio"`

	Distributions []Distribution `json:"distributions"`
}

// Distribution is how a size is distributed: each figure is rounded up by 1/64 at most.
type Distribution struct {
	Name  string `json:"name"`
	Unit  string `json:"unit"`
	Count uint64 `json:"count"`
	P50   int64  `json:"p50"`
	P90   int64  `json:"p90"`
	P99   int64  `json:"p99"`
	Max   int64  `json:"max"`
}

// sizes is a histogram of sizes: a nanosecond stands for one.
type sizes struct{ histogram.Histogram }

func (s *sizes) add(n int) { s.Add(time.Duration(n), 1) }

func (s *sizes) distribution(name, unit string) Distribution {
	q := func(x float64) int64 { return int64(s.Quantile(x)) }
	return Distribution{name, unit, s.Count(), q(0.5), q(0.9), q(0.99), int64(s.Max())}
}

// Stats reads the whole store for its sizes.
func (f *Folder) Stats() (Stats, error) {
	state := f.State()
	st := Stats{Log: f.logSummary(state), Database: f.databaseSummary(), HeadBytes: state.Saved.HeadBytes}
	if err := f.logStats(&st); err != nil {
		return st, err
	}
	f.pageStats(&st)
	err := f.listStats(&st)
	st.Damaged = f.damage
	return st, err
}

func (f *Folder) logStats(st *Stats) error {
	var records, batchRecords, batchBytes, commands sizes
	bytes := int64(0)
	err := f.Log(wal.Position{}, func(e *LogEntry) error {
		switch e.Kind {
		case wal.KindRecord:
			bytes += e.Bytes
			records.add(len(e.Payload))
			if v, ok := e.Record.(*protocol.Voted); ok {
				commands.add(DescribeValue(v.Vote.Value).Commands)
			}
		case wal.KindCommit:
			batchRecords.add(int(e.Records))
			batchBytes.add(int(bytes + e.Bytes))
			bytes = 0
		}
		return nil
	})
	st.Distributions = append(st.Distributions,
		records.distribution("record in the log", "bytes"), batchRecords.distribution("batch in the log (one fdatasync)", "records"),
		batchBytes.distribution("batch in the log (one fdatasync)", "bytes"), commands.distribution("value in the log", "commands"))
	return err
}

// pageStats counts pages, and what of them is used.
func (f *Folder) pageStats(st *Stats) {
	if !f.hasMeta {
		return
	}
	w := f.walk()
	w.Data = func(_, n int64) { st.BytesUsed += n }
	_ = w.Each(w.Root(), nil, func(e *pages.Element) error {
		if tree, ok := f.tree(e); ok {
			return w.Values(tree, nil, func(*pages.Element) error { return nil })
		}
		return nil
	})
	w.Rest()
	st.UsedPages, st.FreePages, st.Depth = w.Stats.Branches+w.Stats.Leaves+w.Stats.Freelist+2, w.Stats.Free, w.Stats.Depth
}

func (f *Folder) listStats(st *Stats) error {
	var chunks, entries sizes
	err := f.Chunks(0, func(c *Chunk) error {
		st.Chunks++
		st.ChunkBytes += int64(c.Bytes)
		st.RawBytes += int64(c.RawBytes)
		chunks.add(c.Bytes)
		return nil
	})
	if err == nil {
		err = f.Entries(0, func(_ uint64, payload []byte) error {
			entries.add(len(payload))
			return nil
		})
	}
	if st.ChunkBytes > 0 {
		st.Ratio = float64(st.RawBytes) / float64(st.ChunkBytes)
	}
	st.Distributions = append(st.Distributions, chunks.distribution("chunk of the list, as stored", "bytes"), entries.distribution("entry of the list", "bytes"))
	return err
}

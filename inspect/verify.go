package inspect

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"paxos/list"
	"paxos/protocol"
	"paxos/storage"
	"paxos/storage/kv"
	"paxos/storage/kv/pages"
	"paxos/vfs"
	"paxos/wal"
)

// Summary is what Verify went through.
type Summary struct {
	Damaged int   `json:"damaged"` // findings that are not notes
	Notes   int   `json:"notes"`
	Bytes   int64 `json:"bytes"` // of the files: every page of the database that is in use, every segment of the log; each once

	DatabasePages uint64 `json:"database_pages"` // in use, the free list included
	FreePages     uint64 `json:"free_pages"`
	Transaction   uint64 `json:"transaction"` // of the database
	Chunks        uint64 `json:"chunks"`
	Entries       uint64 `json:"entries"` // in them
	Votes         uint64 `json:"votes"`   // in the checkpoint
	Pieces        uint64 `json:"pieces"`  // of images

	Segments   uint64 `json:"segments"`
	LogRecords uint64 `json:"log_records"` // in all segments
	LogBatches uint64 `json:"log_batches"`
	InUse      bool   `json:"in_use"` // by a running process: then nothing can be said of
	Clean      bool   `json:"clean"`  // the log was closed in order
	Torn       bool   `json:"torn"`   // a last batch that was never acknowledged stands at its end
}

// maxFindings are reported; a file of garbage has millions of them.
const maxFindings = 10_000

// verifier is one run of Verify.
type verifier struct {
	*Folder
	ctx  context.Context
	sum  Summary
	tell func(Finding)
	seen map[Finding]bool
}

// Verify walks everything in the folder: the identity, every page, key and value of
// the database, every chunk of the list, votes and head against the state that counts
// them, every frame of the log. It reports what is wrong, and notes. The error is
// that of ctx, or Err; what cannot be read is a finding.
func (f *Folder) Verify(ctx context.Context, report func(Finding)) (Summary, error) {
	v := &verifier{Folder: f, ctx: ctx, tell: report, seen: map[Finding]bool{}}
	before := f.report
	defer func() { f.report = before }()
	f.report = v.found
	var err error
	f.steadily(func() { err = v.all() })
	return v.sum, cmp.Or(err, f.lost)
}

// all is one pass. What it finds goes to the folder's report.
func (v *verifier) all() error {
	v.sum = Summary{}
	v.log()
	v.state = v.readState()
	v.list(v.state)
	err := v.database(v.state)
	v.leftovers()
	return err
}

// found hands each finding on once, when it is certain.
func (v *verifier) found(x Finding) {
	if v.seen[x] || len(v.seen) >= maxFindings || v.ctx.Err() != nil {
		return
	}
	v.seen[x] = true
	if x.Note {
		v.sum.Notes++
	} else {
		v.sum.Damaged++
	}
	v.tell(x)
}

// log reads every frame of the log, those before the checkpoint's place too. What
// recovery thinks of it comes with State.
func (v *verifier) log() {
	files, err := wal.Files(vfs.OS{}, v.logDir())
	if err != nil {
		v.reportLog(err)
		return
	}
	for _, file := range files {
		if !file.Spare {
			v.sum.Segments++
			v.sum.Bytes += file.Bytes
		}
	}
	err = v.Log(wal.Position{}, func(e *LogEntry) error {
		v.entry(e)
		return v.ctx.Err()
	})
	if err != nil && v.ctx.Err() == nil {
		v.reportLog(err)
	}
}

func (v *verifier) entry(e *LogEntry) {
	switch e.Kind {
	case wal.KindRecord:
		v.sum.LogRecords++
	case wal.KindCommit:
		v.sum.LogBatches++
	}
	whole := e.Kind != wal.KindRecord && e.Kind != wal.KindTorn || e.Detail == ""
	if whole && e.Kind != wal.KindDamaged {
		return
	}
	v.Folder.report(Finding{File: e.File, Offset: e.At.Offset, Detail: e.Detail})
}

// list compares the list's head with the state.
func (v *verifier) list(s *State) {
	v.sum.InUse, v.sum.Clean, v.sum.Torn = v.inUse(), s.Restored.Log.Clean, s.Restored.Log.Torn
	if s.List == nil || !s.HasSaved {
		return
	}
	path := v.path(storage.DatabaseName)
	if got := s.List.Applied(); got != s.Saved.Applied {
		v.Folder.report(Finding{File: path, Offset: -1, Detail: fmt.Sprintf("the list's head stands for instance %s, the checkpoint for %s", got, s.Saved.Applied)})
	}
	want := s.List.Length() / protocol.ChunkEntries
	if s.SessionsOnly {
		want = 0
	}
	if s.Saved.ChunkCount != want {
		v.Folder.report(Finding{File: path, Offset: -1, Detail: fmt.Sprintf("the list of %d entries needs %d chunks, the checkpoint says %d", s.List.Length(), want, s.Saved.ChunkCount)})
	}
}

// database walks all trees of the database, and accounts for every page.
func (v *verifier) database(s *State) error {
	if !v.hasMeta {
		return v.ctx.Err()
	}
	w := v.walk()
	found := map[string]bool{}
	err := w.Each(w.Root(), nil, func(e *pages.Element) error {
		found[string(e.Key)] = true
		return v.bucketOf(w, e, s)
	})
	if err != nil {
		return err
	}
	w.Rest()
	if !found[string(storage.BucketImages)] && s.Images != (storage.Images{}) {
		v.Folder.report(Finding{File: v.path(storage.DatabaseName), Offset: s.at.images, Detail: "images are named, but there are no pieces of any"})
	}
	if !found[string(storage.BucketChunks)] && s.Saved.ChunkCount > s.Images.Kept {
		v.Folder.report(Finding{File: v.path(storage.DatabaseName), Offset: s.at.state, Detail: fmt.Sprintf("the head of the list needs %d chunks, but there are none", s.Saved.ChunkCount)})
	}
	if !found[string(storage.BucketMeta)] {
		v.Folder.report(Finding{File: v.path(storage.DatabaseName), Offset: -1, Detail: "the bucket meta is missing"})
	}
	v.sum.Transaction = v.meta.Transaction
	v.sum.FreePages = w.Stats.Free
	v.sum.DatabasePages = w.Stats.Branches + w.Stats.Leaves + w.Stats.Freelist + 2
	v.sum.Bytes += int64(v.sum.DatabasePages) * pages.PageBytes
	return nil
}

// bucketOf walks a bucket.
func (v *verifier) bucketOf(w *pages.Walk, e *pages.Element, s *State) error {
	name := string(e.Key)
	if !e.Bucket {
		v.reportValue(e, "key %q stands where only buckets belong", e.Key)
		return nil
	}
	tree, ok := v.tree(e)
	if !ok {
		return nil
	}
	if tree.Sequence != 0 {
		v.reportValue(e, "bucket %q has the sequence %d: no store ever sets one", name, tree.Sequence)
	}
	switch name {
	case string(storage.BucketChunks):
		return v.chunks(w, tree, s)
	case string(storage.BucketImages):
		return v.pieces(w, tree, s)
	case string(storage.BucketMeta), string(storage.BucketVotes):
		return v.plain(w, tree, kv.Bucket(name))
	}
	v.reportValue(e, "unknown bucket %q", name)
	return nil
}

// plain checks the values of a bucket one after the other. What they mean was
// checked when the state was read.
func (v *verifier) plain(w *pages.Walk, tree pages.Tree, b kv.Bucket) error {
	var buf []byte
	return w.Values(tree, nil, func(e *pages.Element) error {
		if b == storage.BucketVotes {
			v.sum.Votes++
		}
		buf, _ = v.value(b, e, buf)
		return v.ctx.Err()
	})
}

// pieces checks the pieces of images against what names them.
func (v *verifier) pieces(w *pages.Walk, tree pages.Tree, s *State) error {
	var count storage.PieceCount
	var buf, raw []byte
	err := w.Values(tree, nil, func(e *pages.Element) error {
		var piece []byte
		if buf, piece = v.value(storage.BucketImages, e, buf); piece == nil {
			return v.ctx.Err()
		}
		err := count.Add(e.Key, piece)
		if err == nil {
			raw, err = list.DecodePiece(raw[:0], piece)
		}
		if err != nil {
			v.reportValue(e, "piece %x of an image: %v", e.Key, err)
		}
		v.sum.Pieces++
		return v.ctx.Err()
	})
	if wrong := count.Check(s.Images); err == nil && wrong != nil {
		v.Folder.report(Finding{File: v.path(storage.DatabaseName), Offset: s.at.images, Detail: wrong.Error()})
	}
	return err
}

// leftovers notes what is in the folder and means nothing.
func (v *verifier) leftovers() {
	known := map[string]bool{
		storage.IdentityName: true, storage.DatabaseName: true, storage.LogName: true, storage.LockName: true, storage.SocketName: true,
	}
	v.strange(v.dir, func(name string) bool { return known[name] })
	v.strange(v.logDir(), func(name string) bool {
		ext := filepath.Ext(name)
		return name == storage.LockName || ext == ".wal" || ext == ".spare"
	})
}

func (v *verifier) strange(dir string, known func(string) bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // what is missing was said
	}
	for _, e := range entries {
		if known(e.Name()) {
			continue
		}
		what := "no file of the store"
		if strings.HasPrefix(e.Name(), "before-") {
			what = "what a repair has put aside"
		} else if strings.HasSuffix(e.Name(), ".new") {
			what = "was being made when the process ended; the next start clears it away"
		}
		v.Folder.report(Finding{File: filepath.Join(dir, e.Name()), Offset: -1, Detail: what, Note: true})
	}
}

package recovery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/recovery/backup"
	"paxos/storage"
	"paxos/vfs"
	"paxos/wal"
)

// Source is a list to make a store of. It was looked through, or is checked while it
// is read; what is damaged is an error.
type Source interface {
	// About says what it is, for people.
	About() string
	Cluster() protocol.ClusterID
	// Role is whose list it is: the entries of servers are values, those of the multicast
	// roles lines as clients sent them.
	Role() protocol.Role
	// Prepare is called once before Head and Contents, when the tool is allowed to go on.
	Prepare(ctx context.Context, say func(string, ...any)) error
	// Head is that of the list; not nil.
	Head() []byte
	// Last is an entry near the end of the list, nil where none is at hand, and how
	// long the list is; length 0 where there is nothing to compare. It may be called before Prepare.
	Last() (index uint64, payload []byte, length uint64, err error)
	// Images are those that stand for the front of the list, if there are any.
	Images() storage.Images
	// Whole reads everything that Contents will hand out, behind the newest image, unless that was done
	// already; the error names what is damaged, p what stands in for it. It may be called before Prepare.
	Whole(ctx context.Context, p *Plan) error
	// Contents are what a store of it begins with, with a head of the caller's, and one
	// of the images, whose index may be another one, or none.
	Contents(head []byte, image storage.Image) (storage.Contents, error)
	Close() error
}

// Fetcher writes a backup, as a running server makes it, to out.
type Fetcher func(ctx context.Context, out io.Writer) error

// OpenBackup opens a backup's file as a Source, after it was verified whole.
func OpenBackup(path string) (Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := openBackupFile(path, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// openBackupFile is OpenBackup of a file that is open.
func openBackupFile(path string, file *os.File) (*backupSource, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	h, err := backup.Verify(bufio.NewReaderSize(file, 1<<20))
	if errors.Is(err, backup.ErrCorrupt) {
		return nil, fmt.Errorf("%s: %w: take another copy, or another backup: of a part of one nothing is made", path, err)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &backupSource{path: path, file: file, header: h}
	return s, s.rewind()
}

type backupSource struct {
	path   string
	file   *os.File
	header backup.Header
	reader *backup.Reader
}

func (s *backupSource) rewind() error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var err error
	s.reader, err = backup.NewReader(bufio.NewReaderSize(s.file, 1<<20))
	return err
}

func (s *backupSource) About() string {
	text := fmt.Sprintf("backup %s of %s: %s", s.path, s.header.Made.UTC().Format(time.RFC3339), s.content())
	if s.header.Role != protocol.RoleServer {
		text += fmt.Sprintf(", as its %ss have it", s.header.Role)
	}
	if n := s.header.Image.Index; n > 0 {
		text += fmt.Sprintf("; an image of a program's state stands for the first %s entries", number(n))
	}
	return text
}

// content is what the list in it is.
func (s *backupSource) content() string {
	return fmt.Sprintf("%s entries, at instance %s, from cluster %s", number(s.header.Length), s.header.Applied, s.header.Cluster)
}

// Prepare implements Source.
func (s *backupSource) Prepare(context.Context, func(string, ...any)) error { return nil }

// Last implements Source.
func (s *backupSource) Last() (uint64, []byte, uint64, error) { return lastOf(s.Head()) }

func (s *backupSource) Cluster() protocol.ClusterID { return s.header.Cluster }
func (s *backupSource) Role() protocol.Role         { return s.header.Role }
func (s *backupSource) Head() []byte                { return s.reader.Head() }
func (s *backupSource) Close() error                { return s.file.Close() }

// Whole implements Source: OpenBackup has read all of it.
func (s *backupSource) Whole(context.Context, *Plan) error { return nil }

// Images implements Source.
func (s *backupSource) Images() storage.Images {
	return storage.Images{Newest: s.header.Image, Kept: s.header.First()}
}

func (s *backupSource) Contents(head []byte, image storage.Image) (storage.Contents, error) {
	if err := s.rewind(); err != nil {
		return storage.Contents{}, err
	}
	return storage.Contents{
		Applied: s.header.Applied, Head: head, ChunkCount: s.header.Chunks,
		Chunk: func(uint64) ([]byte, error) { return s.reader.Next() },
		Image: image, Piece: func(uint32) (storage.Piece, error) { return s.reader.NextPiece() },
	}, nil
}

// lastOf is the last entry of a head's tail.
func lastOf(head []byte) (index uint64, payload []byte, length uint64, err error) {
	if head == nil {
		return 0, nil, 0, nil
	}
	s, err := list.RestoreState(head, list.Options{})
	if err != nil {
		return 0, nil, 0, err
	}
	view := s.View()
	err = view.Read(view.InMemory(), nil, func(first uint64, _ int, block []byte) error {
		for i, p := range list.Entries(first, block) {
			index, payload = i, p
		}
		return nil
	})
	return index, payload, view.Length(), err
}

// Fetched is a Source that is fetched from a running server when it is needed, into
// a file without a name in dir, so that nothing of it is left by a crash.
func Fetched(dir string, cluster protocol.ClusterID, fetch Fetcher) Source {
	return &fetchedSource{dir: dir, cluster: cluster, fetch: fetch}
}

type fetchedSource struct {
	*backupSource
	dir     string
	cluster protocol.ClusterID
	fetch   Fetcher
}

func (s *fetchedSource) About() string               { return "its list is fetched from the running servers" }
func (s *fetchedSource) Cluster() protocol.ClusterID { return s.cluster }

// Whole has nothing to read yet: Prepare does.
func (s *fetchedSource) Whole(context.Context, *Plan) error { return nil }

// Role implements Source.
func (s *fetchedSource) Role() protocol.Role { return protocol.RoleServer }

// Last has nothing to compare: the list is the cluster's own.
func (s *fetchedSource) Last() (uint64, []byte, uint64, error) { return 0, nil, 0, nil }

func (s *fetchedSource) Close() error {
	if s.backupSource == nil {
		return nil
	}
	return s.backupSource.Close()
}

func (s *fetchedSource) Prepare(ctx context.Context, say func(string, ...any)) error {
	if err := (vfs.OS{}).MkdirAll(s.dir); err != nil {
		return err
	}
	file, err := os.CreateTemp(s.dir, beforeName+"fetched-*")
	if err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return errors.Join(err, file.Close())
	}
	say("fetching the list")
	if err := s.fetch(ctx, file); err != nil {
		return errors.Join(fmt.Errorf("fetch the list: %w", err), file.Close())
	}
	if s.backupSource, err = openBackupFile("the list that was fetched", file); err != nil {
		return errors.Join(err, file.Close())
	}
	if s.header.Cluster != s.cluster {
		return fmt.Errorf("%w: a list of cluster %s was fetched instead of one of cluster %s", storage.ErrForeign, s.header.Cluster, s.cluster)
	}
	say("fetched: %s", s.content())
	return nil
}

// OpenStopped opens the checkpoint of a stopped store as a Source. The caller has
// its lock, or knows that nothing runs there.
func OpenStopped(dir string) (*Stopped, error) {
	saved, err := storage.OpenSaved(storage.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	s := &Stopped{Saved: saved, dir: dir, images: saved.Images()}
	if saved.Head() == nil {
		return s, nil
	}
	_, s.length, err = list.PeekHead(saved.Head())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: head of the list in %s: %w", storage.ErrCorrupt, dir, err), saved.Close())
	}
	return s, nil
}

// Stopped is the list in the last checkpoint of a stopped store.
type Stopped struct {
	*storage.Saved
	dir    string
	length uint64
	raw    []byte

	images  storage.Images // that are of use
	lenders []*Stopped     // other stores of the same list, whose chunks stand in for damaged ones
	noFront error          // why nothing stands for the dropped chunks
}

// Images implements Source.
func (s *Stopped) Images() storage.Images { return s.images }

// About implements Source.
func (s *Stopped) About() string {
	return fmt.Sprintf("checkpoint in %s of %s: %s entries, at instance %s", s.dir, s.Identity(), number(s.length), s.Applied())
}

// Length is how many entries the list has.
func (s *Stopped) Length() uint64 { return s.length }

// Prepare implements Source.
func (s *Stopped) Prepare(context.Context, func(string, ...any)) error { return nil }

// Last implements Source.
func (s *Stopped) Last() (uint64, []byte, uint64, error) { return lastOf(s.Head()) }

// Cluster implements Source.
func (s *Stopped) Cluster() protocol.ClusterID { return s.Identity().Cluster }

// Role implements Source.
func (s *Stopped) Role() protocol.Role { return s.Identity().Role }

// Contents implements Source.
func (s *Stopped) Contents(head []byte, image storage.Image) (storage.Contents, error) {
	return storage.Contents{
		Applied: s.Applied(), Head: head, ChunkCount: s.ChunkCount(), Chunk: s.whole,
		Image: image, Piece: func(n uint32) (storage.Piece, error) { return s.piece(image, n) },
	}, nil
}

// whole is a chunk that is checked down to its entries; where it is damaged, another
// survivor's.
func (s *Stopped) whole(n uint64) ([]byte, error) {
	data, err := s.own(n)
	if err != nil {
		if lent, _ := s.lent(n, err); lent != nil {
			return lent, nil
		}
	}
	return data, err
}

// own is a chunk of this store, checked.
func (s *Stopped) own(n uint64) (data []byte, err error) {
	if data, err = s.Chunk(n); err != nil {
		return nil, err
	}
	if s.raw, err = list.DecodeChunk(s.raw[:0], data); err != nil {
		return nil, fmt.Errorf("%w: chunk %d in %s: %w", storage.ErrCorrupt, n, s.dir, err)
	}
	return data, nil
}

// Above counts the instances above the checkpoint that this store voted on, as far as its
// log can be read; damage, if not nil, says where it cannot.
func (s *Stopped) Above() (instances int, damage *wal.CorruptError, err error) {
	above := votesOf{}
	for _, v := range s.Votes() {
		above.take(v)
	}
	l, err := s.Log(func(rec protocol.Record) {
		if v, ok := rec.(*protocol.Voted); ok && v.Vote.Instance > s.Applied() {
			above.take(protocol.Vote{Instance: v.Vote.Instance, Ballot: v.Vote.Ballot})
		}
	})
	return len(above), l.Damage, err
}

// Read passes the entries from index from on to each, in order. The error is
// storage.ErrImages where an image stands for the front of the list.
func (s *Stopped) Read(from uint64, each func(index uint64, payload []byte) error) error {
	if err := s.mustBeList(); err != nil {
		return err
	}
	return s.read(from, each)
}

func (s *Stopped) read(from uint64, each func(index uint64, payload []byte) error) error {
	if s.Head() == nil {
		return nil
	}
	state, err := list.RestoreState(s.Head(), list.Options{})
	if err != nil {
		return err
	}
	return state.View().Read(from, wholeChunks{s}, func(first uint64, _ int, block []byte) error {
		for index, payload := range list.Entries(first, block) {
			if err := each(index, payload); err != nil {
				return err
			}
		}
		return nil
	})
}

// Backup writes a backup of the list to out. Settle first: else a damaged image is an error
// in the middle.
func (s *Stopped) Backup(out io.Writer, made time.Time, done func(chunks, of uint64)) (backup.Header, error) {
	if s.Head() == nil {
		return backup.Header{}, fmt.Errorf("%s: the store has no list yet", s.dir)
	}
	if s.Role() == protocol.RoleProposer {
		return backup.Header{}, fmt.Errorf("%w: %s is the store of %s, which keeps the sessions only: back up an acceptor or a learner", storage.ErrForeign, s.dir, s.Identity())
	}
	return backup.Write(out, s.Identity().Role, s.Cluster(), made, copied{wholeChunks{s}}, done)
}

type wholeChunks struct{ *Stopped }

func (w wholeChunks) Chunk(n uint64) ([]byte, error) { return w.whole(n) }

// copied says of a damaged chunk what can be done.
type copied struct{ wholeChunks }

func (c copied) Chunk(n uint64) ([]byte, error) {
	data, err := c.whole(n)
	if err != nil {
		err = c.chunkDamage(n, err)
	}
	return data, err
}

// Image and Piece implement backup.Imaged.
func (w wholeChunks) Image() storage.Image                  { return w.Images().Newest }
func (w wholeChunks) Piece(n uint32) (storage.Piece, error) { return w.piece(w.Images().Newest, n) }

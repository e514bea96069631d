package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"paxos/list"
	"paxos/protocol"
	"paxos/recovery/backup"
	"paxos/storage"
)

// Backup writes a backup to out while commands flow: the newest image of the machine's
// state, and the commands behind it up to one moment. It has everything that was
// acknowledged, by any node, before the call. The machine is not asked, and nothing waits
// for it; memory is constant. What it reads is not deleted meanwhile: until it ends, the
// disk holds one image more and the commands since.
//
// The file is as package recovery/backup has it: "paxos restore FILE DIR --new-cluster"
// makes the store of a node of it, and nothing in it can vote. What was written is a
// backup only if the error is nil; backup.Verify tells of a file whether it is one.
//
// Errors are those of Read, of out, and of the disk. ctx counts until the end.
func (e *Engine) Backup(ctx context.Context, out io.Writer) error {
	if err := e.node.Barrier(ctx); err != nil {
		return fmt.Errorf("backup: %w", readError(err))
	}
	return e.backup(ctx, out, false)
}

// backup is Backup of what this node has; local: without waiting for anybody.
func (e *Engine) backup(ctx context.Context, out io.Writer, local bool) error {
	hold, head, view, err := e.hold(ctx, local)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer hold.Release()
	of := frozen{backup.Of(head, view, keptChunks{e.node}), e, hold.Image()}
	buffered := bufio.NewWriterSize(writerUntil{ctx, out}, 64<<10)
	if _, err = backup.Write(buffered, protocol.RoleServer, e.place.cluster, time.Now(), of, nil); err != nil {
		return err
	}
	return buffered.Flush()
}

// hold holds an image, and takes the list that goes on behind it. Where a peer's image
// comes in between, the list goes on behind that one: then that is held. Where only what is
// here counts, the image may stand for more than the list has: after a crash that stays so
// until a majority is back.
func (e *Engine) hold(ctx context.Context, local bool) (*storage.Hold, []byte, list.View, error) {
	for {
		hold := e.node.HoldImage()
		reach := hold.Image().Index
		if local {
			reach = 0
		}
		head, view, err := e.reaching(ctx, reach)
		if err == nil && hold.Whole() {
			return hold, head, view, nil
		}
		hold.Release()
		if err != nil {
			return nil, nil, view, err
		}
	}
}

// reaching is the list, when it has so many entries: an image from a peer is in the store
// a moment before the list behind it.
func (e *Engine) reaching(ctx context.Context, reach uint64) ([]byte, list.View, error) {
	for {
		changed := e.node.Changed()
		head, view, err := e.node.Snapshot(ctx)
		if err != nil || view.Length() >= reach {
			return head, view, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, view, context.Cause(ctx)
		case <-e.node.Failed():
			return nil, view, ErrStopped
		}
	}
}

// frozen is a list of one moment, with the image that is held for it.
type frozen struct {
	backup.Source
	engine *Engine
	image  storage.Image
}

// Image implements backup.Imaged.
func (f frozen) Image() storage.Image { return f.image }

// Piece implements backup.Imaged.
func (f frozen) Piece(n uint32) (storage.Piece, error) {
	data, err := f.engine.node.ImagePiece(f.image.Generation, n)
	if err == nil && data == nil {
		// It is held, so nobody has deleted it.
		err = fmt.Errorf("%w: piece %d of %d of the image that is backed up is missing", storage.ErrCorrupt, n, f.image.Pieces)
	}
	return storage.Piece{Number: n, Data: data}, err
}

// writerUntil fails when a context has ended.
type writerUntil struct {
	ctx context.Context
	out io.Writer
}

func (w writerUntil) Write(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.out.Write(b)
}

// BackupPath is where "paxos backup HOST:PORT FILE" asks: mount BackupHandler there.
const BackupPath = "/v1/backup"

// The bounds of backups over HTTP.
const (
	maxBackups  = 2                // at a time, each with a part of the list in memory
	backupStart = 10 * time.Second // to hear from a majority
	backupWrite = 30 * time.Second // to get rid of one write, for who does not read must not hold the disk's room
)

// BackupHandler answers GET with a Backup; with ?consistency=local of what this node has,
// also without a majority. Whoever may ask it can read all that the program holds: mount it
// where only they come.
//
//	http.Handle("GET "+engine.BackupPath, e.BackupHandler())
//
// An answer that ends early ends with an error of the connection. Errors before that are
// 503 with JSON, as those of list servers.
func (e *Engine) BackupHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case e.backups <- struct{}{}:
			defer func() { <-e.backups }()
		default:
			refuse(w, "busy", fmt.Sprintf("%d backups are under way", maxBackups))
			return
		}
		local := r.URL.Query().Get("consistency") == "local"
		if err := e.beginBackup(r, local); err != nil {
			refuse(w, "unavailable", err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := e.backup(r.Context(), patientWriter{w, http.NewResponseController(w)}, local); err != nil {
			e.log.Warn("a backup was not finished", "to", r.RemoteAddr, "error", err)
			panic(http.ErrAbortHandler) // it must not look as if it were whole
		}
	})
}

// beginBackup waits until what was acknowledged is here, if that is wanted.
func (e *Engine) beginBackup(r *http.Request, local bool) error {
	if local {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), backupStart)
	defer cancel()
	if err := e.node.Barrier(ctx); err != nil {
		return readError(err)
	}
	return nil
}

// refuse answers as a list server does, for its clients.
func refuse(w http.ResponseWriter, code, message string) {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Outcome string `json:"outcome"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]problem{"error": {code, message, "not_done"}})
}

// patientWriter gives each write a time of its own.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
}

func (w patientWriter) Write(b []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(backupWrite)) // a writer that has no deadlines needs none
	return w.Writer.Write(b)
}

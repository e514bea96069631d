package node

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"paxos/storage"
)

// porthole lets other processes of the same user look at the store of a running one
// (package inspect): who connects to the socket in the data folder is told what the
// store consists of now, and the store keeps it so until the connection ends. The
// loop is not asked, and knows nothing of it.
type porthole struct {
	store    *storage.Store
	path     string // of the socket
	listener *net.UnixListener
	log      hclog.Logger

	mu     sync.Mutex
	guests map[net.Conn]bool
	closed bool
	served sync.WaitGroup
}

const (
	maxGuests = 4 // at a time
	// guestTime bounds how long one may look at one state: until then the database
	// grows instead of using pages again.
	guestTime = 10 * time.Minute
	// answerTime is how long a guest may take to read its answer.
	answerTime = 5 * time.Second
)

// openPorthole listens. That it cannot is no reason not to run: it is logged, and nil returned.
func openPorthole(dir string, store *storage.Store, log hclog.Logger) *porthole {
	p := &porthole{store: store, path: filepath.Join(dir, storage.SocketName), log: log, guests: map[net.Conn]bool{}}
	if err := p.listen(dir); err != nil {
		log.Warn("nobody can inspect this process while it runs", "socket", p.path, "error", err)
		return nil
	}
	p.served.Go(p.serve)
	return p
}

// listen makes the socket under another name and moves it into place when only its
// owner may use it. What a killed process left there is replaced.
func (p *porthole) listen(dir string) error {
	const draft = storage.SocketName + ".new"
	if err := os.Remove(filepath.Join(dir, draft)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	address, done, err := storage.SocketPath(dir, draft)
	if err != nil {
		return err
	}
	defer done()
	if p.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"}); err != nil {
		return err
	}
	p.listener.SetUnlinkOnClose(false) // it is under another name by then
	err = os.Chmod(filepath.Join(dir, draft), 0o600)
	if err == nil {
		err = os.Rename(filepath.Join(dir, draft), p.path)
	}
	if err != nil {
		return errors.Join(err, p.listener.Close())
	}
	return nil
}

func (p *porthole) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // close was called, or there are no more descriptors: then nobody looks
		}
		if !p.admit(conn) {
			_ = conn.Close() // it was told nothing, and tries again
			continue
		}
		p.served.Go(func() { p.guest(conn) })
	}
}

func (p *porthole) admit(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.guests) >= maxGuests {
		return false
	}
	p.guests[conn] = true
	return true
}

// guest tells a guest what there is, and keeps it so until the guest goes, its time
// is over, or the store needs the room.
func (p *porthole) guest(conn net.Conn) {
	defer p.leave(conn)
	answer := storage.PinAnswer{Version: storage.PinVersion, Process: os.Getpid(), Store: p.store.Identity().Store.String()}
	pin, err := p.store.Pin()
	if err != nil {
		answer.Error = err.Error()
	} else {
		defer pin.Release()
		answer.Meta, answer.Durable = pin.Meta, pin.Durable
	}
	_ = conn.SetDeadline(time.Now().Add(answerTime)) // a connection that cannot have one will fail below
	if json.NewEncoder(conn).Encode(answer) != nil || err != nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(guestTime))
	gone := make(chan struct{})
	p.served.Go(func() {
		defer close(gone)
		assure(conn, pin.Lost())
	})
	select {
	case <-gone:
	case <-pin.Lost():
	}
}

// assure answers each byte that a guest sends with one, while the pin holds: so the
// guest knows for sure that what it read until then was not changed under its hands.
func assure(conn net.Conn, lost <-chan struct{}) {
	var asked [1]byte
	for {
		if _, err := io.ReadFull(conn, asked[:]); err != nil {
			return // it has gone, or its time is over
		}
		select {
		case <-lost:
			return
		default:
		}
		if _, err := conn.Write(asked[:]); err != nil {
			return
		}
	}
}

func (p *porthole) leave(conn net.Conn) {
	p.mu.Lock()
	delete(p.guests, conn)
	p.mu.Unlock()
	_ = conn.Close() // nothing is under way to it
}

// close sends everybody away. It must be called before the store is closed.
func (p *porthole) close() {
	if p == nil {
		return
	}
	if err := os.Remove(p.path); err != nil {
		p.log.Warn("the socket for inspection was not removed", "socket", p.path, "error", err)
	}
	_ = p.listener.Close() // nobody is to come any more
	p.mu.Lock()
	p.closed = true
	for conn := range p.guests {
		_ = conn.Close() // ends its guest
	}
	p.mu.Unlock()
	p.served.Wait()
}

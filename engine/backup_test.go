package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/recovery/backup"
	"paxos/server/listclient"
)

// pausing is a writer that does something once, when some bytes have come.
type pausing struct {
	bytes.Buffer
	after int
	do    func()
}

func (w *pausing) Write(b []byte) (int, error) {
	if w.Len() >= w.after && w.do != nil {
		w.do()
		w.do = nil
	}
	return w.Buffer.Write(b)
}

// What a slow reader of a backup has begun to read is dropped by the rules of images
// before it has come to the end; it stays for him.
func TestABackupIsWholeThoughImagesReplaceEachOther(t *testing.T) {
	n := often(newNodes(t, 1))[0]
	n.start()
	overwrite(t, n, 2500)
	dropped(t, n, 1024)
	began := n.node.Images()
	w := &pausing{after: 64 << 10, do: func() {
		overwrite(t, n, 3000)
		dropped(t, n, began.Newest.Index+1024)
	}}
	if err := n.Backup(patient(t), w); err != nil {
		t.Fatal(err)
	}
	if w.do != nil {
		t.Fatalf("the backup of %d bytes came in one piece: nothing was shown", w.Len())
	}
	h, err := backup.Verify(&w.Buffer)
	if err != nil || h.Length != 2500 || h.Image.Index < began.Newest.Index || h.Image.Index > 2500 {
		t.Errorf("the backup has %+v, the images were %+v: %v", h, began, err)
	}
}

func TestABackupThatIsNotWantedAnyMoreEnds(t *testing.T) {
	n := often(newNodes(t, 1))[0]
	n.start()
	overwrite(t, n, 1000)
	ctx, cancel := context.WithCancel(patient(t))
	w := &pausing{after: 1, do: cancel}
	if err := n.Backup(ctx, w); !errors.Is(err, context.Canceled) {
		t.Errorf("the backup ended with %v", err)
	}
	if _, err := backup.Verify(&w.Buffer); !errors.Is(err, backup.ErrCorrupt) {
		t.Errorf("a part of a backup was taken for a whole one: %v", err)
	}
	n.stop()
	if err := n.Backup(patient(t), io.Discard); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}

// The client of the list servers, and so paxos backup, gets it as it gets theirs.
func TestABackupIsFetchedAsFromAListServer(t *testing.T) {
	nodes := startCluster(t, 3)
	overwrite(t, nodes[0], 500)
	mux := http.NewServeMux()
	mux.Handle("GET "+BackupPath, nodes[1].BackupHandler())
	site := httptest.NewServer(mux)
	defer site.Close()
	c, err := listclient.New(listclient.Config{Servers: []string{strings.TrimPrefix(site.URL, "http://")}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fetch := func(local bool) {
		t.Helper()
		var got bytes.Buffer
		if err := c.Backup(patient(t), "", local, &got); err != nil {
			t.Fatal(err)
		}
		if h, err := backup.Verify(&got); err != nil || h.Length != 500 || h.Cluster != nodes[1].Status().Cluster {
			t.Errorf("got %+v: %v", h, err)
		}
	}
	fetch(false)
	nodes[0].stop()
	nodes[2].stop()
	fetch(true) // what it has needs no majority
	ctx, cancel := context.WithTimeout(patient(t), 50*time.Millisecond)
	defer cancel()
	if err := nodes[1].Backup(ctx, io.Discard); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnknown) {
		t.Errorf("without a majority nobody knows what was acknowledged: %v", err)
	}
}

// After a crash the newest image can be ahead of the list that the log was left with, until
// there is a majority again. That is when a backup of what is here is wanted most.
func TestWithoutAMajorityABackupHasAnImageThatIsAheadOfTheList(t *testing.T) {
	nodes := newNodes(t, 3)
	for _, n := range nodes {
		n.options.SnapshotBytes = 64 << 10 // and the usual CheckpointBytes, which are more than what comes
		n.start()
	}
	overwrite(t, nodes[0], 600)
	n := nodes[1]
	eventually(t, "an image is written", func() bool { return n.node.Images().Newest.Index > 0 })
	killed := errors.New("killed")
	n.node.Fail(killed)
	if err := n.Stop(); !errors.Is(err, killed) {
		t.Fatal(err)
	}
	nodes[0].stop()
	nodes[2].stop()
	n.start()
	image, length := n.node.Images().Newest.Index, n.node.View().Length()
	if image <= length {
		t.Fatalf("the image stands for %d entries, the list has %d: nothing is shown", image, length)
	}
	answer := httptest.NewRecorder()
	n.BackupHandler().ServeHTTP(answer, httptest.NewRequestWithContext(patient(t), "GET", BackupPath+"?consistency=local", nil))
	if h, err := backup.Verify(answer.Body); err != nil || h.Image.Index < image {
		t.Errorf("the backup is %d %+v: %v", answer.Code, h, err)
	}
}

func TestABackupOverHTTPIsRefusedOrBrokenOffButNeverHalf(t *testing.T) {
	n := newNodes(t, 1)[0]
	n.start()
	overwrite(t, n, 2000)
	handler := n.BackupHandler()
	for range maxBackups {
		n.backups <- struct{}{}
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", BackupPath, nil))
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), `"code":"busy"`) {
		t.Errorf("one too many is answered %d %s", answer.Code, answer.Body)
	}
	<-n.backups
	ctx, cancel := context.WithCancel(patient(t))
	w := &broken{ResponseRecorder: httptest.NewRecorder(), then: cancel}
	var ended any
	func() {
		defer func() { ended = recover() }()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", BackupPath, nil))
	}()
	if ended != http.ErrAbortHandler {
		t.Errorf("a backup that was broken off ended with %v", ended)
	}
	n.stop()
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", BackupPath, nil))
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), `"code":"unavailable"`) {
		t.Errorf("after the end it is answered %d %s", answer.Code, answer.Body)
	}
}

// broken is an answer whose reader goes away at the first byte.
type broken struct {
	*httptest.ResponseRecorder
	then func()
	once sync.Once
}

func (b *broken) Write(p []byte) (int, error) {
	b.once.Do(b.then)
	return b.ResponseRecorder.Write(p)
}

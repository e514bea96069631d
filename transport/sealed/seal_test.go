package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"

	"paxos/protocol"
)

// use is what may be used once, for ever: a nonce under a sender's key.
type use struct {
	sender uint64
	group  protocol.Group
	number uint32
}

func TestNoNonceIsUsedTwiceWhateverTheClockDoesAndWhenTheNumbersEnd(t *testing.T) {
	s := sealing(t)
	used := make(map[use]bool)
	seal := func(g protocol.Group, now uint32) {
		t.Helper()
		data := s.seal(nil, g, now, nil)
		st := readStamp(data)
		u := use{st.sender, g, st.number}
		if used[u] {
			t.Fatalf("used twice: %+v", u)
		}
		used[u] = true
	}
	for i := range uint32(1000) {
		for g := range protocol.Group(protocol.Groups) {
			seal(g, noon-i%7)
		}
	}
	before := s.self.Load()
	s.next[group] = math.MaxUint32 - 1
	for range 4 {
		for g := range protocol.Group(protocol.Groups) {
			seal(g, noon)
		}
	}
	after := s.self.Load()
	if after == before {
		t.Error("the numbers of a group have ended, and the sender is the same")
	}
	if seal(group, noon); s.self.Load() != after || s.next[group] > 10 {
		t.Errorf("the new sender's next number is %d: it does not begin again", s.next[group])
	}
}

func TestEveryStartIsAnotherSender(t *testing.T) {
	keys := ring(t, testSecret, testCluster)
	seen := make(map[uint64]bool)
	for range 1000 {
		if id := newSealer(keys).self.Load(); seen[id] {
			t.Fatal("two senders with one id")
		} else {
			seen[id] = true
		}
	}
}

// The format, written a second time by the book: crypto/hkdf for the keys, and
// trailer and nonce byte by byte.
func TestTheFormatIsTheDocumentedOne(t *testing.T) {
	s := sealing(t)
	s.next[group] = 0x01020304
	data := s.seal([]byte("before"), group, 0xA1A2A3A4, []byte("payload"))[len("before"):]

	id := binary.LittleEndian.AppendUint64(nil, s.self.Load())
	salt := "paxos multicast datagrams, version 1, cluster " + testCluster.String()
	key, err := hkdf.Key(sha256.New, []byte(testSecret), []byte(salt), string(id), 32)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := aes.NewCipher(key)
	aead, _ := cipher.NewGCM(block)
	want := append([]byte("payload"), id...)
	want = append(want, 0xA4, 0xA3, 0xA2, 0xA1, 4, 3, 2, 1)
	nonce := []byte{byte(group), 0, 0, 0, 0xA4, 0xA3, 0xA2, 0xA1, 4, 3, 2, 1}
	want = aead.Seal(want, nonce, nil, want)
	if string(data) != string(want) {
		t.Errorf("sealed\n%x, want\n%x", data, want)
	}
}

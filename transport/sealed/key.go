package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"os"

	"paxos/protocol"
)

const (
	// MinSecret and MaxSecret bound the length of a key, in bytes of text. 16 random
	// bytes cannot be guessed; of words that people choose, 16 bytes can.
	MinSecret = 16
	MaxSecret = 4096

	keySize = 32 // AES-256

	// purpose keeps the keys made here apart from any others made of one secret.
	purpose = "paxos multicast datagrams, version 1"
)

// Secret is what a key file holds: the text that all processes of a cluster share.
type Secret []byte

// ReadSecret reads a key file: any text of MinSecret to MaxSecret bytes, white
// space at its ends apart. Its errors name the file.
func ReadSecret(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("reading the key %s: %w", path, err)
	}
	if len(text) > MaxSecret {
		return nil, fmt.Errorf("the key %s is longer than %d bytes", path, MaxSecret)
	}
	secret := Secret(bytes.TrimSpace(text))
	if err := secret.check(); err != nil {
		return nil, fmt.Errorf("the key %s %w", path, err)
	}
	return secret, nil
}

func (s Secret) check() error {
	if len(s) < MinSecret {
		return fmt.Errorf("is %d bytes long: it must have at least %d, and paxos keygen makes one", len(s), MinSecret)
	}
	return nil
}

// Exposed reports whether others than the file's owner and group may read it, or
// others than its owner change it.
func Exposed(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("looking at the key's permissions: %w", err)
	}
	return info.Mode().Perm()&0o027 != 0, nil
}

// keyring makes the keys of senders. It is not for several goroutines at once.
type keyring struct {
	expand hash.Hash // HMAC-SHA256 under the cluster's key
	input  [9]byte
	output [keySize]byte
}

// newKeyring makes the cluster's key: with another cluster, it is another one.
func newKeyring(secret Secret, cluster protocol.ClusterID) (*keyring, error) {
	prk, err := hkdf.Extract(sha256.New, secret, fmt.Appendf(nil, "%s, cluster %s", purpose, cluster))
	if err != nil {
		return nil, fmt.Errorf("making the cluster's key: %w", err)
	}
	return &keyring{expand: hmac.New(sha256.New, prk)}, nil
}

// sender returns the cipher of a sender. It costs half a microsecond and 1.3 KB:
// strangers can make us do it, with any sender id they like, so nothing is kept
// before a tag was found right.
func (k *keyring) sender(id uint64) cipher.AEAD {
	// The first, and here only, block of HKDF-Expand, written out because
	// hkdf.Expand makes its HMAC afresh each time: twice the time, 10 allocations more.
	binary.LittleEndian.PutUint64(k.input[:], id)
	k.input[8] = 1
	k.expand.Reset()
	k.expand.Write(k.input[:])
	block, err := aes.NewCipher(k.expand.Sum(k.output[:0]))
	if err != nil {
		panic("sealed: AES refuses a key of 32 bytes: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("sealed: GCM refuses AES: " + err.Error())
	}
	return aead
}

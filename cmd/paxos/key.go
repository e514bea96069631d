package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"paxos/transport"
	"paxos/transport/sealed"
)

// readSecret reads the key file, nil where none is named, and warns if the wrong
// people can read or change it.
func readSecret(path string, log hclog.Logger) (sealed.Secret, error) {
	if path == "" {
		return nil, nil
	}
	secret, err := sealed.ReadSecret(path)
	if err != nil {
		return nil, err
	}
	exposed, err := sealed.Exposed(path)
	if exposed {
		log.Warn("the key file is open to others: chmod 600 it, and make a new key if somebody may have read it", "key_file", path)
	}
	return secret, err
}

// seal puts the key, if there is one, around a transport on the named interface. It
// closes the transport if it fails.
func (s settings) seal(t transport.Transport, iface string, loopback bool) (transport.Transport, error) {
	if s.secret == nil {
		if !loopback {
			s.log.Warn("datagrams are NOT AUTHENTICATED: whoever can send to the groups can take part in this cluster, stop it, and forge values; "+
				"make a key with paxos keygen and give it to all processes with --key-file FILE", "interface", iface)
		}
		return t, nil
	}
	wrapped, err := sealed.Wrap(t, sealed.Options{Secret: s.secret, Cluster: s.cluster, Tolerance: s.config.ClockTolerance})
	if err != nil {
		return nil, errors.Join(fail(exitUsage, err), t.Close())
	}
	return wrapped, nil
}

// generatedBytes is the length of a key from keygen: more than AES-256 needs.
const generatedBytes = 32

func newKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen",
		Short: "Make a key that authenticates datagrams",
		Long: `Make a key that authenticates datagrams.

It prints 32 random bytes in hexadecimal. All processes of a cluster get the same
key, by --key-file, PAXOS_KEY_FILE or the config key key_file.`,
		Example: `  (umask 077; paxos keygen > paxos.key)
  paxos acceptor --id 1 --config paxos.conf --key-file paxos.key`,
		Args: cobra.NoArgs,
		RunE: action(func(cmd *cobra.Command) error {
			key := make([]byte, generatedBytes)
			rand.Read(key) // it cannot fail: the program would end
			_, err := fmt.Fprintln(cmd.OutOrStdout(), hex.EncodeToString(key))
			return err
		}),
	}
}

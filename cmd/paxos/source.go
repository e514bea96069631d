package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"paxos/internal/config"
	"paxos/recovery"
	"paxos/storage"
)

// listSource is where a list is read from: the servers of a cluster file, one
// server, or the folder of a stopped one.
type listSource struct {
	name    string
	dir     string // of a stopped store
	servers listServers
}

const sourceHelp = `SOURCE is a cluster file, the HOST:PORT of a server, or the folder of a stopped one.`

// source says what the argument SOURCE is.
func (f *listFlags) source(name string) (s listSource, err error) {
	s.name = name
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		s.dir = name
		return s, nil
	case err == nil:
		s.servers, err = f.resolve(name)
		return s, err
	}
	server, bad := config.ParseServer(name, f.port)
	if bad != nil {
		return s, fail(exitUsage, fmt.Errorf("%q is no cluster file, no folder and no HOST:PORT: %w", name, bad))
	}
	s.servers, err = f.resolveAll(config.Servers{server})
	return s, err
}

// takeStopped takes the folder of a server, which must be stopped.
func takeStopped(dir string) (*recovery.Folder, error) {
	folder, err := recovery.Take(dir)
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("%w; or ask it: name its HOST:PORT in place of the folder", err)
	}
	return folder, err
}

// fetch writes a backup that the servers make to out.
func (s listServers) fetch(ctx context.Context, local bool, out io.Writer) error {
	c, err := s.client()
	if err != nil {
		return fail(exitUsage, err)
	}
	defer c.Close()
	return c.Backup(ctx, "", local, out)
}

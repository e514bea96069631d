package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"paxos/engine"
	"paxos/recovery/backup"
)

// A backup of a node that goes on meanwhile.
func ExampleEngine_Backup() {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	e, err := engine.Start(ctx, engine.Options{
		Dir: filepath.Join(dir, "store"), Self: "127.0.0.1:7000", Mount: true, Init: true, Machine: &counter{},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Stop()
	sum, err := e.Propose(ctx, add(42))
	fmt.Println(sum, err)

	file, err := os.Create(filepath.Join(dir, "counter.backup"))
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	err = errors.Join(e.Backup(ctx, file), file.Sync())
	fmt.Println(err)

	if _, err := file.Seek(0, 0); err != nil {
		log.Fatal(err)
	}
	header, err := backup.Verify(file)
	fmt.Println(header.Length, err)
	// Output:
	// 42 <nil>
	// <nil>
	// 1 <nil>
}

// Command kv is a small linearizable key-value store over HTTP; README.md shows it at work.
package main

// Package backup is the file that a list is backed up in: the list of one moment,
// its sessions and who its members were, an image where a program's state stands for its
// front, and nothing that could vote. It holds no
// promise, no vote, no round, no pin and no store id, and there is no place for one:
// so whoever restores it, as often as he likes, makes stores that must be let in
// by a decided change before they vote (rules 10 and 13).
//
// The same bytes are the answer to GET /v1/backup of a list server and the file of
// `paxos backup`. [Write] makes them from a [Source], [NewReader] takes them apart
// and believes nothing (rule 11): every part is checked before it is handed out,
// and only [Reader.End] says that the file was whole.
//
// format.go has the bytes, docs/recovery.md has them as tables.
package backup

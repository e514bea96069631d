// Package value is the entries of a list server's list: integers of any size,
// and strings. Server and client both use it, so that they agree on the bytes.
//
// In the list an entry is its canonical JSON text, and every text of the same
// entry gives the same bytes:
//
//   - an integer is its digits, with a minus sign where it is below zero; -0 is 0;
//   - a string stands in quotes. It escapes what it must (quote, backslash, control
//     characters) and U+2028 and U+2029, the way encoding/json does with HTML
//     escaping switched off; all else stands as it is, in UTF-8.
//
// So an answer copies entries as they are, and no entry holds a line break: one
// fits a line of NDJSON or of an event stream.
//
// [Scan] finds the value at the front of a JSON text, for servers: where the text
// is canonical already, as nearly always, it copies nothing. [Value] is for
// programs. Numbers with a fraction or an exponent, and strings that are not
// Unicode (broken UTF-8, half a surrogate pair), are no values: they could not
// be given back as they came.
package value

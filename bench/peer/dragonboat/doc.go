// Command dragonboat plays a replica of lni/dragonboat, with its default log or
// with tan. It makes its load itself, where it leads.
package main

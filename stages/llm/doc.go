// Package llm asks language models in bulk: no paid answer is lost, no rate
// limit is wasted, no nonsense is accepted.
//
// A [Client] asks one provider, any server that speaks OpenAI's chat API. It
// records in a [Journal], which several clients and processes may share.
//
//	Ask ──► journal: recorded answers, read and judged anew, in order
//	          │ one is accepted: done       re-asks used up: rejected
//	          ▼ something is left to ask
//	        reserve the worst cost, announce the request     ── synced
//	          ▼
//	        limiter: places, requests and tokens a minute, holds, breaker
//	          ▼
//	        send; read the response whole
//	          ▼
//	        journal: raw body, status, headers               ── synced
//	          ▼ only now is it looked at
//	        class: wait, back off, step down, pause, stop ─ or an answer
//	          ▼
//	        ladder of reading ──► Judge ──► verdict; re-ask at most twice
//
// # Keys
//
// A question is identified by what is asked about, not by how: points and
// equation as given, provider, model, revision, sampling settings and the
// stage's prompt settings. So an upgrade of the prompt, a step to another output
// mode or a larger token cap finds the answers that are there. A request has a
// key of its own, over all that was sent. The instance's name is in neither.
//
// # What is recorded
//
// The journal has every request before it is sent and every response before it
// is decoded, failures and partial bodies too. A complete 2xx response that
// holds no error is an answer, and an answer is never asked for again: not by
// the same process, not by another one at the same time, not by a rerun after
// kill -9. What was under way when a process died was announced without a
// response; its worst cost stays booked, and it is asked again. Each row has its
// digest: a damaged row is a miss with a warning, and a damaged file is replaced
// by what is sound in it.
//
// # Verdicts
//
// Every answer ends in one [Verdict]: the first rung of the ladder that it
// fails, or [Accepted]. The rungs, in order: content type, envelope, choices,
// finish reason, refusal, text, plausible prompt tokens, degeneracy, JSON,
// fields, the formula's characters, its grammar, its variable, and last what the
// caller's [Judge] says of the bound. JSON is mended only where the model ended
// by itself, and nothing open is ever closed: of a text that was cut, a mended
// formula may be a valid wrong one.
//
// # Errors
//
//   - [*RejectedError]: the model gave nothing acceptable. This is a result.
//   - [*PauseError]: not now, but later: a quota, a budget, a server out of
//     reach. Quotas and budgets end all sending of the client; what is recorded
//     is still given, and what is at the server is still received.
//   - [*StopError]: every question would fail alike: key, model, parameter.
//   - [*JournalError]: what is paid for cannot be kept; nothing more is sent.
//   - [ErrStopped]: the caller ended it; see below.
//
// # Stopping
//
// Closing [AskOptions].Stop ends a call in good order: whatever it waits for, a
// place, a retry, money or another process, it gives up, and sends nothing new.
// A request that is at the server is still received, recorded and read, and its
// answer returned where it is accepted; otherwise the error wraps [ErrStopped].
// Cancelling the context also gives up what is at the server: that is announced
// and paid for, and will be asked again.
//
// # Looking
//
// [OpenJournalReadOnly] opens a journal that it neither makes nor changes, also
// while a run is writing: for [Journal.Export], [Journal.Digest],
// [Client.Recorded], [Client.Forecast], and [Client.Ask] for what is recorded.
// Where a request would be needed Ask fails with a [*JournalError] and sends
// nothing. A client with Config.Replay needs no journal at all.
//
// # Limits
//
// Requests and tokens a minute are token buckets that stay half a percent under
// what is declared. How many requests are at the server at once starts at three
// quarters of the declared limit and grows with each clean round, until the
// server answers 429, or gets no more done: by Little's law, in flight over mean
// latency. A 429 lowers it by a fifth, the first one by half, once for all
// requests that were under way, and not below what the server is at work on;
// after a rest it creeps up by 5 % a round. A request that ran into its timeout
// counts for a queue that is too long: the limit falls by half, or to less than
// what the server has done in that time.
//
// Money is reserved at its worst case in the transaction that announces the
// request, so that no race between goroutines or processes passes the budget.
package llm

// Package stages concludes how measured instances grow: it gives the engine of
// package pipeline its kinds, and Go programs the function [Run].
//
// Data flows one way:
//
//	load      ─▶ a [Dataset]: points and equation, cleaned, each repair noted
//	conclude  ─▶ a [Result]: class, upper bound and their verification
//	plot      ─▶ two figures: with the equation alone, and with the bound
//	summarize ─▶ a [Summary] of all instances, and a table
//	exec      ─▶ whatever a command writes
//
// An instance that cannot be concluded is a result like others: its [Status]
// says why. Load and conclude publish a file for every instance, also where
// they failed, so that a summary can always be made.
//
// Conclude puts the question of a dataset to its provider. The built-in
// provider answers from package growth alone. A model's answer, which package
// llm records before it reads it, is accepted only if growth.Judge finds that it
// bounds the points and the equation as it claims; a clear verdict of the
// points overrules its class; a rejected answer gives way to the fallback. The
// bound that is published is always the least envelope of the measured points,
// never a formula on trust.
package stages

// One phase of the test bench: the design under its clock, what it is given and how it answers.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#ifdef TRACE
#include <verilated_fst_c.h>
#endif

#include "ports.h"

namespace {

[[noreturn]] void give_up(const std::string &why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    std::exit(2);
}

// SplitMix64: the same numbers on every machine.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        return z ^ z >> 31;
    }
    int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }

  private:
    uint64_t state_;
};

// Random bits on all ports; Verilator wants zeros beyond a port's width.
void fill_noise(Random &random, const Ports &ports, uint32_t *words) {
    for (const Port &port : ports) {
        const int n = port.words(), rest = port.size * port.width % 32;
        for (int k = 0; k < n; k++) words[k] = static_cast<uint32_t>(random.next());
        if (rest) words[n - 1] &= (uint32_t{1} << rest) - 1;
        words += n;
    }
}

// Events, as the words of all ports one after the other.
struct Table {
    int64_t n = 0;
    std::size_t stride = 0;
    std::vector<uint32_t> words;
    const uint32_t *at(int64_t event) const { return &words[static_cast<std::size_t>(event) * stride]; }
};

// The first thing that went wrong in a phase; of no kind if nothing did: where to look then.
struct First {
    std::string kind;
    int64_t vector = -1, clock = 0, from = 0;
    std::vector<uint32_t> found; // of kind "wrong"
};

// One phase: the design with registers of its own, what it was given, and how it answered.
class Phase {
  public:
    int64_t clocks = 0, events = 0, wrong = 0, missing = 0, spurious = 0;
    int64_t latency = predicted_latency; // below zero: to be measured by the next answer
    bool measured = false; // the latency
    int64_t longest = 0; // clocks from one answer to the next, at most
    First first;
    Random random;
    std::vector<int64_t> *record = nullptr; // receives 1 and the answer, or zeros, for each event

    Phase(uint64_t seed, std::vector<const char *> plus, const Table &inputs,
          const Table *expected)
        : random(seed), inputs_(inputs), expected_(expected), noise_(inputs.stride),
          answer_(static_cast<std::size_t>(words_of(output_ports))) {
        context_.commandArgs(static_cast<int>(plus.size()), plus.data());
        context_.randReset(2); // with --x-initial unique: every register starts with random bits
        context_.randSeed(static_cast<int>(random.next() >> 34) + 1);
        context_.traceEverOn(true);
        top_ = std::make_unique<Vdut>(&context_, "top");
    }

    ~Phase() {
        top_->final();
#ifdef TRACE
        if (trace_) trace_->close();
#endif
    }

    int64_t n() const { return inputs_.n; }
    bool waiting() const { return !asked_.empty(); }
    bool over() const { return clocks > last_; }
    int64_t mismatches() const { return wrong + missing + spurious; }

    // Draws the clocks from `from` to `to`; the phase is over after them.
    void show(const std::string &path, int64_t from, int64_t to) {
        from_ = from, last_ = to;
#ifdef TRACE
        trace_ = std::make_unique<VerilatedFstC>();
        top_->trace(trace_.get(), 99);
        trace_->set_time_unit("1ps");
        trace_->set_time_resolution("1ps");
        trace_->open(path.c_str());
#else
        give_up("no waveform in " + path + ": the test bench was built without TRACE");
#endif
    }

    // Some clocks of noise, valid or not, then the one reset that a design needs.
    void power_up() {
        for (int k = 0; k < 8; k++) step(false, random.below(2) ? random.below(n()) : -1);
        step(true, -1);
        checking_ = true;
    }
    void give(int64_t event) {
        events++;
        step(false, event);
    }
    void wait(int64_t n_clocks) {
        for (; n_clocks > 0 && !over(); n_clocks--) step(false, -1);
    }
    // For one clock, in which in_valid may be high and means nothing.
    void reset() { step(true, random.below(2) ? random.below(n()) : -1); }
    // Until everything is answered, and a while longer.
    void drain() { wait(std::max(latency, predicted_latency) + 2 * interval + 4); }
    // The event that was to be measured had no answer.
    void give_up_waiting() {
        latency = predicted_latency;
        answered(false);
    }

  private:
    struct Asked {
        int64_t event, clock;
    };

    void step(bool rst, int64_t event) {
        if (event < 0) fill_noise(random, input_ports, noise_.data());
        top_->clk = 0;
        top_->rst = rst;
        top_->in_valid = event >= 0;
        drive(*top_, event < 0 ? noise_.data() : inputs_.at(event));
        top_->eval();
        draw(0);
        if (checking_ && !rst) check(); // what a register would sample at the edge that comes now
        top_->clk = 1;
        top_->eval();
        draw(clock_period_ps / 2);
        if (rst) asked_.clear();
        if (checking_ && !rst && event >= 0) asked_.push_back({event, clocks});
        clocks++;
    }

    void check() {
        const bool valid = top_->out_valid;
        const bool now = waiting() && (latency < 0 ? valid : asked_.front().clock + latency == clocks);
        if (now) {
            if (latency < 0) latency = clocks - asked_.front().clock, measured = true;
            answered(valid);
        } else if (valid) {
            spurious++;
            note("spurious", waiting() ? asked_.front().event : -1, clocks - latency);
        }
    }

    void answered(bool valid) {
        const Asked asked = asked_.front();
        asked_.pop_front();
        if (first.vector < 0) first = {first.kind, asked.event, clocks, asked.clock, {}};
        const bool right = valid && compare(asked);
        if (record) {
            const std::size_t n_codes = static_cast<std::size_t>(codes_of(output_ports));
            record->push_back(valid);
            record->resize(record->size() + n_codes);
            if (valid) unpack(output_ports, answer_.data(), record->data() + record->size() - n_codes);
        }
        if (!valid) missing++, note("missing", asked.event, asked.clock);
        if (valid && !right) {
            wrong++;
            if (note("wrong", asked.event, asked.clock)) first.found = answer_;
        }
    }

    bool compare(const Asked &asked) {
        if (last_answer_ >= 0) longest = std::max(longest, clocks - last_answer_);
        last_answer_ = clocks;
        sample(*top_, answer_.data());
        return !expected_ || std::equal(answer_.begin(), answer_.end(), expected_->at(asked.event));
    }

    bool note(const char *kind, int64_t event, int64_t from) {
        if (!first.kind.empty()) return false;
        first = {kind, event, clocks, from, {}};
        return true;
    }

    void draw(uint64_t offset) {
#ifdef TRACE
        if (trace_ && clocks >= from_ && clocks <= last_) {
            trace_->dump(static_cast<uint64_t>(clocks) * clock_period_ps + offset);
        }
#else
        (void)offset;
#endif
    }

    VerilatedContext context_;
    std::unique_ptr<Vdut> top_;
#ifdef TRACE
    std::unique_ptr<VerilatedFstC> trace_;
#endif
    const Table &inputs_;
    const Table *expected_;
    std::vector<uint32_t> noise_, answer_;
    std::deque<Asked> asked_;
    bool checking_ = false;
    int64_t last_answer_ = -1, from_ = 0, last_ = INT64_MAX;
};

} // namespace

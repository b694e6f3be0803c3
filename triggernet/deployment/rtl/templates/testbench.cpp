// Test bench of @TOP@: gives the design events and compares every bit of what it answers, and when.
//
// An event given at clock edge t must be answered at edge t + latency and at no other; the inputs
// hold noise whenever in_valid is low. Registers start with random bits. Four phases, each with
// registers and noise of its own:
//   alone     single events; measures the latency
//   stream    all events, one every interval; measures the interval between answers
//   gaps      events with random gaps
//   resets    a stream with resets of one clock in the middle, after which it goes on at once
// While rst is high nothing is compared; what was given before must not be answered after it.
//
// Prints a summary and one line of JSON. Returns 0 if, and only if, everything was right, 1 on any
// difference, 2 if there is nothing to compare with. `--help` lists the options.

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "phase.h"

namespace {

std::vector<int64_t> read_codes(const std::string &path, bool binary) {
    std::ifstream file(path, std::ios::binary);
    if (!file) give_up("cannot read " + path);
    std::vector<int64_t> codes;
    int64_t code = 0;
    if (binary) {
        while (file.read(reinterpret_cast<char *>(&code), sizeof code)) codes.push_back(code);
    } else {
        while (file >> code) codes.push_back(code);
        if (!file.eof()) give_up(path + " holds something else than integers");
    }
    return codes;
}

Table read_table(const Ports &ports, const std::string &path, bool binary) {
    const std::vector<int64_t> codes = read_codes(path, binary);
    const std::size_t per_event = static_cast<std::size_t>(codes_of(ports));
    Table table;
    table.n = static_cast<int64_t>(codes.size() / per_event);
    table.stride = static_cast<std::size_t>(words_of(ports));
    if (table.n == 0 || codes.size() % per_event) give_up(path + " is empty or cut short");
    table.words.resize(static_cast<std::size_t>(table.n) * table.stride);
    std::vector<int64_t> back(per_event);
    for (std::size_t event = 0; event < codes.size() / per_event; event++) {
        const int64_t *given = &codes[event * per_event];
        pack(ports, given, &table.words[event * table.stride]);
        unpack(ports, &table.words[event * table.stride], back.data());
        if (!std::equal(back.begin(), back.end(), given)) {
            give_up(path + ": event " + std::to_string(event) + " does not fit the ports");
        }
    }
    return table;
}

struct Options {
    std::string inputs = "tb/inputs.dat", expected = "tb/expected.dat", found, json, wave;
    std::vector<const char *> plus = {""}; // for the design, behind a name as in argv
    bool binary = false;
    int64_t seed = 1;
};

const char *const usage =
    "options:\n"
    "  --inputs FILE    events, a line each (tb/inputs.dat)\n"
    "  --expected FILE  what must be answered, likewise (tb/expected.dat)\n"
    "  --binary         both hold 64-bit integers, lowest byte first, instead of text\n"
    "  --seed N         of the registers' first values, the noise, the gaps and the resets (1)\n"
    "  --wave FILE      draw the first event that went wrong, or the first of all (FST)\n"
    "  --found FILE     compare nothing: write, for each event, 1 and the answer, or zeros\n"
    "  --json FILE      write the JSON there too, and return 0 whatever was found\n"
    "  +NAME=VALUE      for $value$plusargs in the design\n";

Options read_options(int argc, char **argv) {
    Options options;
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (std::count(words.begin(), words.end(), "--help")) {
        std::fputs(usage, stdout);
        std::exit(0);
    }
    for (std::size_t k = 0; k < words.size(); k++) {
        const bool more = k + 1 < words.size();
        if (words[k] == "--binary") options.binary = true;
        else if (words[k] == "--inputs" && more) options.inputs = words[++k];
        else if (words[k] == "--expected" && more) options.expected = words[++k];
        else if (words[k] == "--seed" && more) options.seed = std::atoll(words[++k].c_str());
        else if (words[k] == "--wave" && more) options.wave = words[++k];
        else if (words[k] == "--found" && more) options.found = words[++k];
        else if (words[k] == "--json" && more) options.json = words[++k];
        else if (words[k][0] == '+') options.plus.push_back(argv[k + 1]);
        else give_up("unknown or unfinished option " + words[k] + "\n" + usage);
    }
    return options;
}

void alone(Phase &phase) {
    phase.latency = -1;
    phase.wait(predicted_latency + 2 * interval); // nothing was given, nothing may come
    for (int k = 0; k < 3 && !phase.over(); k++) {
        phase.give(k * (phase.n() - 1) / 2);
        const int64_t limit = phase.clocks + 4 * (predicted_latency + interval) + 64;
        while (phase.waiting() && phase.clocks < limit && !phase.over()) phase.wait(1);
        if (phase.waiting() && !phase.over()) phase.give_up_waiting();
        phase.drain();
    }
}

void stream(Phase &phase) {
    for (int64_t k = 0; k < std::max<int64_t>(phase.n(), 3) && !phase.over(); k++) {
        phase.give(k % phase.n());
        phase.wait(interval - 1);
    }
    phase.drain();
}

void gaps(Phase &phase) {
    const int64_t n = std::min(phase.n(), std::max<int64_t>(1000, phase.n() / 10));
    for (int64_t k = 0; k < n && !phase.over(); k++) {
        phase.give(k * phase.n() / n);
        const int64_t kind = phase.random.below(10); // none, short ones, and those that empty it
        const int64_t most = kind < 4 ? 1 : kind < 9 ? interval + 3 : 2 * phase.latency + interval;
        phase.wait(interval - 1 + phase.random.below(most));
    }
    phase.drain();
}

void resets(Phase &phase) {
    for (int k = 0; k < 100 && !phase.over(); k++) {
        int64_t left = 1 + phase.random.below(2 * phase.latency + 4 * interval);
        for (; left > 0 && !phase.over(); left -= interval) {
            phase.give(phase.random.below(phase.n()));
            phase.wait(std::min(interval, left) - 1);
        }
        phase.reset();
    }
    for (int k = 0; k < 20 && !phase.over(); k++) {
        phase.give(phase.random.below(phase.n()));
        phase.wait(interval - 1);
    }
    phase.drain();
}

struct Plan {
    const char *name;
    void (*run)(Phase &);
};
const std::vector<Plan> all_plans = {
    {"alone", alone}, {"stream", stream}, {"gaps", gaps}, {"resets", resets}};

// What was found, phase after phase.
struct Results {
    std::vector<Plan> plans;
    std::vector<std::unique_ptr<Phase>> phases;

    int64_t mismatches() const {
        int64_t sum = 0;
        for (const auto &phase : phases) sum += phase->mismatches();
        return sum;
    }
    // The first phase in which something went wrong; the very first if nothing did.
    std::size_t first_wrong() const {
        for (std::size_t k = 0; k < phases.size(); k++) {
            if (phases[k]->mismatches()) return k;
        }
        return 0;
    }
    int64_t latency() const { return phases[0]->measured ? phases[0]->latency : 0; } // 0: unknown
    int64_t spacing() const { return phases[1]->longest; }
    bool right() const {
        return mismatches() == 0 && latency() == predicted_latency && spacing() == interval;
    }
};

// Equal seeds give equal clocks, so that a phase can be run again to be drawn.
std::unique_ptr<Phase> start(std::size_t place, const Options &options, const Table &inputs,
                             const Table *expected) {
    const uint64_t seed = static_cast<uint64_t>(options.seed) * 16 + place;
    return std::make_unique<Phase>(seed, options.plus, inputs, expected);
}

Results run_all(const Options &options, const Table &inputs, const Table *expected,
                std::vector<int64_t> &record) {
    Results results;
    results.plans = all_plans;
    if (!expected) results.plans.resize(2);
    for (std::size_t k = 0; k < results.plans.size(); k++) {
        results.phases.push_back(start(k, options, inputs, expected));
        Phase &phase = *results.phases.back();
        if (k > 0) phase.latency = results.phases[0]->latency;
        if (k == 1 && !expected) phase.record = &record;
        phase.power_up();
        results.plans[k].run(phase);
    }
    return results;
}

void draw(const Results &results, const Options &options, const Table &inputs,
          const Table *expected) {
    const std::size_t place = results.first_wrong();
    const First &first = results.phases[place]->first;
    const std::unique_ptr<Phase> phase = start(place, options, inputs, expected);
    phase->show(options.wave, first.from - 2, first.clock + 2);
    if (place > 0) phase->latency = results.phases[0]->latency;
    phase->power_up();
    results.plans[place].run(*phase);
    std::printf("%s: clocks %" PRId64 " to %" PRId64 " of phase %s\n", options.wave.c_str(),
                first.from - 2, first.clock + 2, results.plans[place].name);
}

std::string number(int64_t value) { return std::to_string(value); }
std::string known(int64_t value) { return value > 0 ? number(value) : "null"; }

// The first difference: the element of an output, where an answer was wrong.
std::string first_as_json(const Results &results, const Table *expected) {
    const std::size_t place = results.first_wrong();
    const First &first = results.phases[place]->first;
    if (first.kind.empty()) return "null";
    std::string text = std::string("{\"phase\": \"") + results.plans[place].name + "\", \"kind\": \"" +
                       first.kind + "\", \"clock\": " + number(first.clock) + ", \"vector\": " +
                       (first.vector < 0 ? "null" : number(first.vector));
    if (first.kind != "wrong") {
        return text + ", \"output\": null, \"element\": null, \"expected\": null, \"found\": null}";
    }
    std::vector<int64_t> want(static_cast<std::size_t>(codes_of(output_ports))), have(want.size());
    unpack(output_ports, expected->at(first.vector), want.data());
    unpack(output_ports, first.found.data(), have.data());
    std::size_t code = 0;
    for (const Port &port : output_ports) {
        for (int k = 0; k < port.size; k++, code++) {
            if (want[code] == have[code]) continue;
            return text + ", \"output\": \"" + port.name + "\", \"element\": " + number(k) +
                   ", \"expected\": " + number(want[code]) + ", \"found\": " + number(have[code]) + "}";
        }
    }
    give_up("an answer differs in bits that belong to no element");
}

std::string as_json(const Results &results, const Table *expected) {
    std::string phases;
    for (std::size_t k = 0; k < results.phases.size(); k++) {
        const Phase &phase = *results.phases[k];
        phases += std::string(k ? ", \"" : "\"") + results.plans[k].name + "\": {\"events\": " +
                  number(phase.events) + ", \"clocks\": " + number(phase.clocks) +
                  ", \"wrong\": " + number(phase.wrong) + ", \"missing\": " + number(phase.missing) +
                  ", \"spurious\": " + number(phase.spurious) + "}";
    }
    return "{\"n_vectors\": " + number(results.phases[0]->n()) +
           ", \"mismatches\": " + number(results.mismatches()) +
           ", \"first\": " + first_as_json(results, expected) +
           ", \"latency_cycles\": " + known(results.latency()) +
           ", \"interval_cycles\": " + known(results.spacing()) + ", \"phases\": {" + phases + "}}";
}

void print(const Results &results) {
    std::printf("@TOP@: %" PRId64 " events\n", results.phases[0]->n());
    for (std::size_t k = 0; k < results.phases.size(); k++) {
        const Phase &phase = *results.phases[k];
        std::printf("  %-7s %7" PRId64 " events, %8" PRId64 " clocks: %" PRId64 " wrong, %" PRId64
                    " missing, %" PRId64 " spurious\n",
                    results.plans[k].name, phase.events, phase.clocks, phase.wrong, phase.missing,
                    phase.spurious);
    }
    std::printf("  latency %s clocks (predicted %" PRId64 "), interval %s (predicted %" PRId64 ")\n",
                known(results.latency()).c_str(), predicted_latency,
                known(results.spacing()).c_str(), interval);
}

void write(const std::string &path, const char *content, std::size_t size) {
    std::ofstream file(path, std::ios::binary);
    file.write(content, static_cast<std::streamsize>(size));
    if (!file.flush()) give_up("cannot write " + path);
}

} // namespace

int main(int argc, char **argv) {
    const Options options = read_options(argc, argv);
    const bool compare = options.found.empty();
    const Table inputs = read_table(input_ports, options.inputs, options.binary);
    Table answers;
    if (compare) {
        answers = read_table(output_ports, options.expected, options.binary);
        if (answers.n != inputs.n) give_up("there are not as many answers as events");
    }
    const Table *expected = compare ? &answers : nullptr;
    std::vector<int64_t> record;
    const Results results = run_all(options, inputs, expected, record);
    print(results);
    if (!options.wave.empty()) draw(results, options, inputs, expected);
    const std::string json = as_json(results, expected);
    std::printf("%s\n%s\n", json.c_str(), results.right() ? "PASSED" : "FAILED");
    if (!compare) {
        const std::size_t size = static_cast<std::size_t>(inputs.n * (1 + codes_of(output_ports)));
        write(options.found, reinterpret_cast<const char *>(record.data()), size * sizeof(int64_t));
    }
    if (options.json.empty()) return results.right() ? 0 : 1;
    write(options.json, json.data(), json.size());
    return 0;
}

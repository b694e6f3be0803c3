// Runs the project's C++ on many events: integer codes in, integer codes out.
// simulate INPUTS OUTPUTS N_EVENTS N_THREADS TRACE; files of little-endian int64, event by event.

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "integer_codes.h"

static thread_local int64_t *traced_codes_ = nullptr;

template <class T> static void keep_codes_(const T *values, int n, int offset) {
    if (traced_codes_ != nullptr) {
        triggernet::get_codes(values, n, traced_codes_ + offset);
    }
}

#include "traced.cpp"

static const int n_inputs = @N_INPUTS@;
static const int n_outputs = @N_OUTPUTS@;
static const int n_traced = @N_TRACED@;

static void run_event(const int64_t *inputs, int64_t *outputs) {
@EVENT@
}

static void run_events(const int64_t *inputs, int64_t *outputs, long first, long last, bool traced) {
    for (long event = first; event < last; event++) {
        int64_t codes[n_outputs];
        traced_codes_ = traced ? outputs + event * n_traced : nullptr;
        run_event(inputs + event * n_inputs, traced ? codes : outputs + event * n_outputs);
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        std::fprintf(stderr, "usage: %s INPUTS OUTPUTS N_EVENTS N_THREADS TRACE\n", argv[0]);
        return 2;
    }
    const long n_events = std::atol(argv[3]);
    const long n_threads = std::atol(argv[4]);
    const bool traced = std::atoi(argv[5]) != 0;
    std::vector<int64_t> inputs(n_events * n_inputs);
    std::vector<int64_t> outputs(n_events * (traced ? n_traced : n_outputs));
    std::FILE *source = std::fopen(argv[1], "rb");
    if (source == nullptr ||
        std::fread(inputs.data(), sizeof(int64_t), inputs.size(), source) != inputs.size()) {
        std::fprintf(stderr, "cannot read %ld events from %s\n", n_events, argv[1]);
        return 2;
    }
    std::fclose(source);
    std::vector<std::thread> threads;
    for (long t = 0; t < n_threads; t++) {
        threads.emplace_back(run_events, inputs.data(), outputs.data(), n_events * t / n_threads,
                             n_events * (t + 1) / n_threads, traced);
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    std::FILE *target = std::fopen(argv[2], "wb");
    if (target == nullptr ||
        std::fwrite(outputs.data(), sizeof(int64_t), outputs.size(), target) != outputs.size() ||
        std::fclose(target) != 0) {
        std::fprintf(stderr, "cannot write %s\n", argv[2]);
        return 2;
    }
    return 0;
}

// Test bench of @PROJECT@: runs the events of tb_data/inputs.dat and compares every output with
// tb_data/expected.dat, both in integer codes. Returns 0 if, and only if, all are equal.

#include <cstdio>
#include <fstream>
#include <iostream>

#include "firmware/@PROJECT@.h"
#include "integer_codes.h"

static const int n_inputs = @N_INPUTS@;
static const int n_outputs = @N_OUTPUTS@;

static void run_event(const int64_t *inputs, int64_t *outputs) {
@EVENT@
}

// Reads n codes; false at the end of the file. An event that is cut short is an error.
static bool read_codes(std::ifstream &file, int64_t *codes, int n, bool &cut) {
    int k = 0;
    while (k < n && file >> codes[k]) {
        k++;
    }
    cut = cut || (k > 0 && k < n);
    return k == n;
}

int main() {
    std::ifstream input_file("tb_data/inputs.dat");
    std::ifstream expected_file("tb_data/expected.dat");
#ifdef RTL_SIM
    std::ofstream log("tb_data/rtl_cosim_results.log");
#else
    std::ofstream log("tb_data/csim_results.log");
#endif
    int64_t inputs[n_inputs], expected[n_outputs], outputs[n_outputs];
    long n_events = 0, n_mismatches = 0;
    bool cut = false;
    while (read_codes(input_file, inputs, n_inputs, cut)) {
        if (!read_codes(expected_file, expected, n_outputs, cut)) {
            cut = true;
            break;
        }
        run_event(inputs, outputs);
        for (int k = 0; k < n_outputs; k++) {
            log << outputs[k] << (k + 1 < n_outputs ? ' ' : '\n');
            if (outputs[k] != expected[k]) {
                if (n_mismatches == 0) {
                    std::cout << "first mismatch: event " << n_events << ", output " << k
                              << ", expected code " << expected[k] << ", found " << outputs[k]
                              << std::endl;
                }
                n_mismatches++;
            }
        }
        n_events++;
    }
    std::cout << "@PROJECT@: " << n_events << " events, " << n_mismatches << " mismatches"
              << std::endl;
    if (n_events == 0 || cut) {
        std::cout << "error: tb_data/inputs.dat or expected.dat is missing, empty or cut short"
                  << std::endl;
        return 2;
    }
    return n_mismatches == 0 ? 0 : 1;
}

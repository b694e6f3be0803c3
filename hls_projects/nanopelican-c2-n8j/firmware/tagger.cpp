#include <iostream>

#include "tagger.h"
#include "parameters.h"


void tagger(
    input_t pt[8], input2_t eta[8], input3_t phi[8], input4_t jet_pt[1], input5_t jet_excess[1],
    result_t score[1]
) {

    // hls-fpga-machine-learning insert IO
    #pragma HLS ARRAY_RESHAPE variable=pt complete dim=0
    #pragma HLS ARRAY_RESHAPE variable=eta complete dim=0
    #pragma HLS ARRAY_RESHAPE variable=phi complete dim=0
    #pragma HLS ARRAY_RESHAPE variable=jet_pt complete dim=0
    #pragma HLS ARRAY_RESHAPE variable=jet_excess complete dim=0
    #pragma HLS ARRAY_PARTITION variable=score complete dim=0
    #pragma HLS INTERFACE ap_vld port=pt,eta,phi,jet_pt,jet_excess,score 
    #pragma HLS PIPELINE II=1

    // hls-fpga-machine-learning insert load weights

    // ****************************************
    // NETWORK INSTANTIATION
    // ****************************************

    // hls-fpga-machine-learning insert layers

    d_t d[28];
    #pragma HLS ARRAY_PARTITION variable=d complete dim=0

    r_t r[8*1];
    #pragma HLS ARRAY_PARTITION variable=r complete dim=0

    t_t t[1];
    #pragma HLS ARRAY_PARTITION variable=t complete dim=0

    a_t a[8*2];
    #pragma HLS ARRAY_PARTITION variable=a complete dim=0

    g_t g[8*2];
    #pragma HLS ARRAY_PARTITION variable=g complete dim=0

    s_t s[2];
    #pragma HLS ARRAY_PARTITION variable=s complete dim=0

    u_t u[2];
    #pragma HLS ARRAY_PARTITION variable=u complete dim=0

    triggernet::pair_dot_polar<config_d>(pt, eta, phi, d, eta_table_d, phi_table_d); // d

    triggernet::jet_dot_polar<config_r>(pt, eta, phi, jet_pt, jet_excess, r, eta_table_r, phi_table_r); // r

    triggernet::jet_mass_polar<config_t>(jet_pt, jet_excess, t); // t

    triggernet::dense_context<config_a>(r, t, a, weight_a, bias_a, context_weight_a); // a

    triggernet::dense_context<config_g>(r, t, g, weight_g, bias_g, context_weight_g); // g

    triggernet::pair_relu<config_s>(d, a, pt, s); // s

    triggernet::sum<config_u>(g, pt, u); // u

    triggernet::dense_context<config_score>(s, u, score, weight_score, bias_score, context_weight_score); // score

}


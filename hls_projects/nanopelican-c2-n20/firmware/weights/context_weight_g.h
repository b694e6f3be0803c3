//Numpy array shape [2]
//Min 48.000000000000
//Max 68.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_G_H_
#define CONTEXT_WEIGHT_G_H_

context_weight_g_t context_weight_g[2] = {68, 48};


#endif

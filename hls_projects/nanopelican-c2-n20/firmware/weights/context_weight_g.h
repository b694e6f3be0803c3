//Numpy array shape [2]
//Min 98.000000000000
//Max 125.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_G_H_
#define CONTEXT_WEIGHT_G_H_

context_weight_g_t context_weight_g[2] = {125, 98};


#endif

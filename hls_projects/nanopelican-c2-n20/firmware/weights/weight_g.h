//Numpy array shape [2]
//Min -128.000000000000
//Max -16.000000000000
//Number of zeros 0

#ifndef WEIGHT_G_H_
#define WEIGHT_G_H_

weight_g_t weight_g[2] = {-16, -128};


#endif

//Numpy array shape [2]
//Min -96.000000000000
//Max -5.000000000000
//Number of zeros 0

#ifndef WEIGHT_G_H_
#define WEIGHT_G_H_

weight_g_t weight_g[2] = {-5, -96};


#endif

//Numpy array shape [2]
//Min 308.000000000000
//Max 1321.000000000000
//Number of zeros 0

#ifndef BIAS_G_H_
#define BIAS_G_H_

bias_g_t bias_g[2] = {308, 1321};


#endif

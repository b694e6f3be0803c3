//Numpy array shape [2]
//Min 779.000000000000
//Max 1235.000000000000
//Number of zeros 0

#ifndef BIAS_G_H_
#define BIAS_G_H_

bias_g_t bias_g[2] = {1235, 779};


#endif

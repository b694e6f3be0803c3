//Numpy array shape [1]
//Min -1133.000000000000
//Max -1133.000000000000
//Number of zeros 0

#ifndef BIAS_SCORE_H_
#define BIAS_SCORE_H_

bias_score_t bias_score[1] = {-1133};


#endif

//Numpy array shape [1]
//Min -1968.000000000000
//Max -1968.000000000000
//Number of zeros 0

#ifndef BIAS_SCORE_H_
#define BIAS_SCORE_H_

bias_score_t bias_score[1] = {-1968};


#endif
